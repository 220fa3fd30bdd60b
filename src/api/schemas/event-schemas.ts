import { z } from 'zod'
import { issueSchema } from './problem-schema.ts'

export const offsetRangeSchema = z.object({
  partition: z.int(),
  first: z.int(),
  last: z.int().describe('Included'),
})

export const receiveAnswer = z.object({
  accepted: z.int().describe('Events that are durable'),
  duplicates: z.int().describe('Events that were there already'),
  spooled: z
    .int()
    .optional()
    .describe('Events that are durable here and go to the Kafka cluster, which is away, later'),
  duplicateOffsets: z
    .array(offsetRangeSchema)
    .describe('Where the events lie that these repeat, as far as their ids say'),
  rejected: z
    .array(
      z.object({
        index: z.int().describe('Position in the body, from 0'),
        line: z.int().optional().describe('Line of an NDJSON or CSV body, from 1'),
        code: z.string(),
        errors: z.array(issueSchema),
      }),
    )
    .describe('The first 1,000 events that were refused'),
  rejectedCount: z.int().describe('All events that were refused'),
  offsets: z.array(offsetRangeSchema),
})
