import { z } from 'zod'
import { offsetRangeSchema } from './event-schemas.ts'

export const fileSchema = z.object({
  name: z.string(),
  partition: z.int(),
  first: z.int(),
  last: z.int(),
  rows: z.int(),
  bytes: z.int(),
  sha256: z.string(),
  batches: z.array(z.int()).describe('Numbers of the first and last batch in the file'),
  columnCount: z.int().optional().describe('As many of the columns as the file has'),
  newest: z.number().optional().describe('Time of the newest record, milliseconds'),
})

export const openBatchSchema = z
  .object({ number: z.int(), rows: z.int(), bytes: z.int(), ageMs: z.number() })
  .nullable()
  .describe('The batch that is filling; null when there is none')

export const tableSummarySchema = z.object({
  name: z.string(),
  topic: z.string(),
  rows: z.int().describe('Rows in files; the open batch comes on top'),
  bytes: z.int(),
  files: z.int(),
  lastBatch: z.int().describe('0 before the first'),
  expiredRows: z.int().describe('Rows that retention took away'),
  open: openBatchSchema,
  failure: z.string().nullable().describe('Why batches cannot be written now; null when they can'),
})

export const tableSchema = tableSummarySchema.extend({
  version: z.int().describe('Of the manifest'),
  columns: z.array(z.object({ name: z.string(), type: z.string(), nullable: z.boolean() })),
  partitionBy: z
    .array(
      z.object({
        name: z.string().describe('Of the column and of the folders `name=value/`'),
        from: z.string(),
        unit: z.enum(['month', 'day', 'hour']).optional(),
      }),
    )
    .describe('Partition columns; empty without any'),
  maintenance: z
    .object({
      compactFiles: z.int().optional().describe('Small files are merged when that saves so many'),
      targetBytes: z.int().optional().describe('Of merged files; 128 MiB when absent'),
      retainMs: z.number().optional().describe('Batches of older records go'),
      retainBytes: z.int().optional().describe('The oldest batches go above it'),
    })
    .describe('What the table does by itself'),
  ends: z
    .array(z.object({ partition: z.int(), end: z.int() }))
    .describe('Per partition the offset after the last row in files'),
  fileList: z.array(fileSchema),
})

export const batchSchema = z.object({
  table: z.string(),
  topic: z.string(),
  number: z.int(),
  trigger: z.enum(['rows', 'bytes', 'time', 'idle', 'flush', 'stop']),
  state: z.enum(['planned', 'committed']),
  ranges: z.array(offsetRangeSchema),
  rows: z.int(),
  deadLetters: z.int(),
  firstTime: z.string(),
  lastTime: z.string(),
  closedAt: z.string(),
  committedAt: z.string().optional(),
  files: z.array(fileSchema),
})

export const sqlAnswer = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())).describe('Integers beyond 2^53 are texts'),
  truncated: z.boolean().describe('True when there were more rows or bytes than the limit'),
  durationMs: z.number(),
})
