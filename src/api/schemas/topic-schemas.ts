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
      placement: z
        .object({
          leader: z.int().describe('Id of the broker that leads; −1: none'),
          replicas: z.array(z.int()),
          inSync: z.array(z.int()),
        })
        .optional()
        .describe('On a cluster: the brokers that have the partition'),
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

export const ledgerSchema = z.object({
  topic: z.string(),
  table: z.string().optional().describe('Absent for a topic without a table'),
  received: z.int().describe('Events that reached the door; a repeated one counts each time'),
  inLake: z.int().optional().describe('Rows of the table'),
  inFlight: z.int().optional().describe('Records that no committed batch holds yet'),
  stored: z.int().optional().describe('Records of a topic without a table'),
  expired: z.int().describe('What retention took away'),
  duplicates: z.int(),
  rejected: z.int().describe('Refused in the answer and not kept'),
  deadLettered: z.int().describe('Letters that are open or were dropped'),
  letters: z.object({ open: z.int(), retried: z.int(), dropped: z.int() }),
  difference: z.int().describe('0, or something is lost or doubled'),
  balanced: z.boolean(),
})

export const letterSchema = z.object({
  stage: z
    .enum(['ingest', 'sink', 'stream'])
    .describe('Refused at the door, by the table, or by a derived stream'),
  code: z.string(),
  reason: z.string(),
  source: z.string(),
  partition: z.int().optional(),
  offset: z.int().optional(),
  position: z.int().optional(),
  at: z.string(),
})

export const letterRecordSchema = recordSchema.extend({
  id: z.int().optional().describe('Offset of the letter: its name in the other routes'),
  state: z.enum(['open', 'retried', 'dropped']).optional(),
  settledAt: z.string().optional().describe('When it was retried or dropped'),
  landed: z
    .object({ partition: z.int(), offset: z.int() })
    .optional()
    .describe('Where the retried event lies; absent when an equal one was there already'),
  deadLetter: letterSchema.optional(),
})
