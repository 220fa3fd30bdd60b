/** The app of I1 and I2: one topic, batches that are cut rarely, so that the log is what is measured. */
import { defineApp, topic, z } from 'millrace'

export default defineApp({
  name: 'http-ingest',
  topics: {
    events: topic({
      schema: z.object({
        userId: z.int(),
        itemId: z.int(),
        rating: z.number(),
        at: z.int(),
        page: z.string(),
        dwell: z.number(),
      }),
      table: false,
    }),
  },
})
