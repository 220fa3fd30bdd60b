/**
 * The event log of a made-up music service, in the form of the Sparkify data set: 18 fields, its pages, levels and sessions.
 * Who cancels follows a planted hazard; see README.md for measured against made.
 */
import { z } from 'zod'
import { createRandom } from '../../../kernels/index.ts'
import { textFolder } from '../../sources/text-folder.ts'
import { generatedEvents } from '../generated-events.ts'
import type { Generated, Generator } from '../generator.ts'
import { createRows, PAGES, type Page, type SparkifyRows } from './sparkify-sessions.ts'
import { churnTruth, HORIZON } from './sparkify-truth.ts'
import { createListeners, createSongs, type Listeners, type Songs } from './sparkify-world.ts'

const options = z.strictObject({
  seed: z.int().default(42).describe('Same seed, same bytes.'),
  users: z
    .int()
    .min(1)
    .max(20_000)
    .default(448)
    .describe('Listeners; about 1,200 events each in 61 days.'),
  days: z.int().min(1).max(366).default(61).describe('Days from 2018-10-01 on.'),
})

export type SparkifyOptions = z.infer<typeof options>

export const sparkifyGenerator: Generator<SparkifyOptions> = {
  name: 'sparkify',
  summary: 'Events of a music service with a planted hazard of cancelling, shaped like Sparkify',
  options,
  create,
}

const SONGS = 5_000

function create({ seed, users, days }: SparkifyOptions): Generated {
  const random = createRandom(seed)
  const songs = createSongs(SONGS, random)
  const listeners = createListeners(users, random)
  const rows = createRows(listeners, songs, days, random)
  const id = `generator:sparkify?seed=${seed}&users=${users}&days=${days}`
  return {
    source: generatedEvents({
      id,
      fingerprint: 'sparkify:1',
      count: rows.count,
      json: (index) => eventJson(rows, listeners, songs, index),
    }),
    folder: textFolder(id, {}),
    file: 'events.ndjson',
    get truth() {
      const { auc, rows: count, share } = churnTruth(rows, listeners)
      return {
        best: { auc },
        facts: [
          'every listener has a discontent d ~ N(0, 1); the hazard of cancelling is 0.0027 · exp(1.2 d) a day',
          'discontent shows in adverts and thumbs down (exp(0.4 d)) and, less, in thumbs up, friends and playlists',
          `best auc: of the hazard itself, ${HORIZON.window} days before a cut-off, ${HORIZON.predict} days after it, every ${HORIZON.every} days: ${count} rows, ${(100 * share).toFixed(1)} % cancel`,
        ],
      }
    },
  }
}

/** How the service answers: songs and what changes something by PUT, all but songs with a redirect; the error page by 404. */
const PUT_PAGES = new Set<Page>([
  'NextSong',
  'Thumbs Up',
  'Thumbs Down',
  'Add to Playlist',
  'Add Friend',
  'Login',
  'Logout',
  'Save Settings',
  'Submit Upgrade',
  'Submit Downgrade',
  'Cancel',
])

function statusOf(page: Page): number {
  if (page === 'Error') return 404
  return PUT_PAGES.has(page) && page !== 'NextSong' ? 307 : 200
}

/** In the order of the fields in the original's example message; a field without a value is left out. */
function eventJson(rows: SparkifyRows, listeners: Listeners, songs: Songs, i: number): string {
  const user = rows.user[i]!
  const page = PAGES[rows.page[i]!]!
  const isOut = user < 0
  const auth = isOut
    ? 'Logged Out'
    : page === 'Cancellation Confirmation'
      ? 'Cancelled'
      : 'Logged In'
  const song = rows.song[i]! < 0 ? '' : `,${songs.fields[rows.song[i]!]!}`
  return (
    `{"ts":${rows.ts[i]!},"userId":"${isOut ? '' : user + 1}","sessionId":${rows.session[i]!},"page":"${page}"` +
    `,"auth":"${auth}","method":"${PUT_PAGES.has(page) ? 'PUT' : 'GET'}","status":${statusOf(page)}` +
    `,"level":"${rows.isPaid[i] === 1 ? 'paid' : 'free'}","itemInSession":${rows.item[i]!}` +
    `${isOut ? '' : `,${listeners.fields[user]!}`}${song}}`
  )
}
