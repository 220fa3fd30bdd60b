/**
 * Who of the listeners of a music service will cancel? Events land in a table by day; a model learns from what listeners did
 * in the two weeks before a cut-off whether they cancelled in the two weeks after it. `README.md` says what the system had
 * that this one follows.
 */
import {
  classifier,
  cumulative,
  day,
  defineApp,
  notWorse,
  recent,
  source,
  sql,
  topic,
  z,
} from 'millrace'
import { churnRoutes } from './churn-routes.ts'

const text = z.string().nullish()
const DAY = 86_400_000

export default defineApp({
  name: 'sparkify',

  topics: {
    sparkify: topic({
      key: 'userId',
      eventTime: 'ts',
      batch: { rows: 20_000, idle: '5s' },
      table: { partitionBy: [day('ts')] },
      schema: z.object({
        ts: z.int().min(0),
        // A text in most editions of the data, a number in some; "" is nobody.
        userId: z.union([z.string(), z.int()]),
        sessionId: z.int(),
        page: z.string(),
        auth: z.string(),
        method: z.string(),
        status: z.int(),
        level: z.string(),
        itemInSession: z.int(),
        location: text,
        userAgent: text,
        lastName: text,
        firstName: text,
        registration: z.int().nullish(),
        gender: text,
        artist: text,
        song: text,
        length: z.number().nullish(),
      }),
    }),
  },

  features: {
    // Rates are drawn to typical values by fifty songs, so that a short visit does not decide alone.
    listening: recent(
      '14d',
      sql`
        select userId,
          ln(1 + count(*)) as activity,
          count_if(itemInSession = 0) as sessions,
          min(_cutoff - ts) / ${DAY}.0 as quiet_days,
          ln(1 + max(_cutoff - registration) / ${DAY}.0) as registered_days,
          count_if(level = 'paid') / count(*) as paid,
          (count_if(page = 'Thumbs Down') + 0.5) / (count_if(page = 'NextSong') + 50) as thumbs_down,
          (count_if(page = 'Thumbs Up') + 2.7) / (count_if(page = 'NextSong') + 50) as thumbs_up,
          (count_if(page = 'Roll Advert') + 0.9) / (count_if(page = 'NextSong') + 50) as adverts,
          (count_if(page = 'Add Friend') + 0.9) / (count_if(page = 'NextSong') + 50) as friends,
          (count_if(page = 'Add to Playlist') + 1.4) / (count_if(page = 'NextSong') + 50) as playlists,
          (count_if(page in ('Help', 'Error')) + 0.5) / (count_if(page = 'NextSong') + 50) as troubles,
          count_if(page in ('Downgrade', 'Submit Downgrade')) as downgrades,
          max(case gender when 'F' then 1 when 'M' then 0 end) as woman
        from sparkify where userId <> '' group by userId`,
      { until: `page = 'Cancellation Confirmation'` },
    ),
  },

  models: {
    churn: classifier({
      from: 'sparkify',
      label: `page = 'Cancellation Confirmation'`,
      horizon: { predict: '14d', every: '7d' },
      features: ['listening'],
      set: cumulative(3),
      retrain: { rows: 40_000 },
      // Few cancel: on fewer rows the figures of the gate would be luck, and the time split decides.
      gate: { auc: notWorse(0.05), minRows: 200 },
    }),
  },

  sources: [
    source({
      topic: 'sparkify',
      generator: { name: 'sparkify', seed: 2, options: { users: 250 } },
      file: 'events.ndjson.gz',
      alternatives: [
        'events.ndjson',
        'events.json.gz',
        'medium-sparkify-event-data.json.gz',
        'medium-sparkify-event-data.json',
        'mini_sparkify_event_data.json',
      ],
    }),
  ],

  routes: churnRoutes,
})
