import { z } from 'zod'

export const streamSchema = z.object({
  name: z.string(),
  from: z.string().describe('Topic that is read'),
  to: z.string().describe('Topic, and table, with the results'),
  steps: z.int().describe('Times that something was given out'),
  results: z.int(),
  dropped: z
    .object({
      late: z.int().describe('Came after its window was closed'),
      ahead: z.int().describe('Too far in the future'),
      invalid: z.int().describe('No event of the topic, or without a time'),
    })
    .describe('Records that are in no result, by reason'),
  lagRecords: z.int().describe('Records of the topic that are not read'),
  watermark: z.string().optional().describe('Event time up to which everything should be there'),
  closedUntil: z.string().optional().describe('End of the newest closed window'),
  openWindows: z.int().optional(),
  failure: z.string().optional().describe('Why it cannot go on; it tries again by itself'),
})
