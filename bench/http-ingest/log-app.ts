/** The app of I3 and I4-produce: the events of a music service, in a table by day, as the example `sparkify` has them. */
import { day, defineApp, topic, z } from 'millrace'

const text = z.string().nullish()

export default defineApp({
  name: 'file-ingest',
  topics: {
    sparkify: topic({
      key: 'userId',
      eventTime: 'ts',
      batch: { rows: 20_000, idle: '5s' },
      table: { partitionBy: [day('ts')] },
      schema: z.object({
        ts: z.int().min(0),
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
})
