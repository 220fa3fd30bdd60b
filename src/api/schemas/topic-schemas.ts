import { z } from 'zod'

export const topicSchema = z.object({
  name: z.string(),
  declared: z.boolean().describe('True for a topic of the app definition'),
  internal: z.boolean().describe("True for Millrace's own topics"),
  records: z.int().describe('Records that are there now'),
  bytes: z.int(),
  config: z.object({
    cleanup: z.enum(['delete', 'compact']),
    retentionMs: z.int().describe('−1 is for ever'),
    retentionBytes: z.int().describe('−1 is without bound'),
    segmentBytes: z.int(),
    tombstoneMs: z.int(),
  }),
  partitions: z.array(
    z.object({
      partition: z.int(),
      earliest: z.int().describe('Offset of the first record that is there'),
      end: z.int().describe('Offset that the next record gets'),
      bytes: z.int(),
      segments: z.int(),
    }),
  ),
  key: z.string().optional().describe('Field that becomes the record key'),
  eventTime: z.string().optional().describe('Field with the event time'),
  columns: z
    .array(z.object({ name: z.string(), type: z.string(), nullable: z.boolean() }))
    .optional()
    .describe('What the events must hold; absent: anything'),
})

export const recordSchema = z.object({
  partition: z.int(),
  offset: z.int(),
  timestamp: z.string(),
  key: z.string().nullable(),
  keyEncoding: z.literal('base64').optional(),
  value: z.unknown().describe('The event as it was sent'),
  valueEncoding: z.enum(['json', 'text', 'base64']),
  headers: z.array(
    z.object({
      key: z.string(),
      value: z.string().nullable(),
      valueEncoding: z.literal('base64').optional(),
    }),
  ),
})

export const recordsAnswer = z.object({
  topic: z.string(),
  partition: z.int(),
  earliest: z.int(),
  end: z.int(),
  records: z.array(recordSchema),
  next: z.int().describe('Offset to ask for next'),
})

export const groupSchema = z.object({
  group: z.string(),
  members: z.array(
    z.object({
      memberId: z.string(),
      assignment: z.array(z.object({ topic: z.string(), partition: z.int() })),
    }),
  ),
  offsets: z.array(
    z.object({
      topic: z.string(),
      partition: z.int(),
      committed: z.int().describe('Offset of the next record to read'),
      end: z.int(),
      lag: z.int().describe('Records between committed and end'),
    }),
  ),
})
