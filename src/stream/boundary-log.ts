/**
 * The durable list of batches: one key a batch in the compacted topic `__millrace-batches`, first as planned (before its
 * file is written), then as committed. Keys are `<table>/<20-digit number>`, so they sort as numbers do.
 */
import { z } from 'zod'
import type { Log } from '../log/index.ts'
import { streamError } from './errors.ts'
import type { Batch } from './batch.ts'

export const BATCHES_TOPIC = '__millrace-batches'
/** Raised when a reader of the present version would misunderstand a record. */
const FORMAT = 1

/** What the boundary topic knows of a batch, beyond what users see. */
export interface KnownBatch extends Batch {
  /** End of the dead-letter topic when the batch was planned: its letters lie at or after it. */
  readonly deadLettersFrom: number
  /** On a cluster: of the topic when the batch was planned. */
  readonly topicId?: string | undefined
}

const count = z.int().min(0)
const record = z.object({
  format: z.literal(FORMAT),
  table: z.string(),
  topic: z.string(),
  number: z.int().min(1),
  trigger: z.enum(['rows', 'bytes', 'time', 'idle', 'flush', 'stop']),
  state: z.enum(['planned', 'committed']),
  ranges: z.array(z.object({ partition: count, first: count, last: count })).min(1),
  rows: count,
  deadLetters: count,
  firstTime: z.string(),
  lastTime: z.string(),
  closedAt: z.string(),
  committedAt: z.string().optional(),
  files: z.array(
    z.object({
      name: z.string(),
      partition: count,
      first: count,
      last: count,
      rows: count,
      bytes: count,
      sha256: z.string(),
      batches: z.tuple([count, count]),
      columnCount: count.optional(),
      newest: z.number().optional(),
    }),
  ),
  deadLettersFrom: count,
  topicId: z.string().optional(),
})

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const keyOf = (table: string, number: number): string =>
  `${table}/${String(number).padStart(20, '0')}`

export interface BoundaryLog {
  /** Every known batch of the table, ascending numbers. */
  read(table: string): Promise<KnownBatch[]>
  /** Durable when it resolves. The later record of a batch replaces the earlier one. */
  append(batch: KnownBatch, timestampMs: number): Promise<void>
}

/** Opens the topic, creating it when it is absent. */
export async function openBoundaryLog(log: Log): Promise<BoundaryLog> {
  await log.createTopic({ name: BATCHES_TOPIC, partitions: 1, config: { cleanup: 'compact' } })
  return {
    async read(table) {
      const batches = new Map<number, KnownBatch>()
      const info = (await log.topic(BATCHES_TOPIC)).partitions[0]
      const prefix = `${table}/`
      for await (const { records } of log.read(BATCHES_TOPIC, 0, info?.earliest ?? 0)) {
        for (const { key, value, offset } of records) {
          if (key === null || value === null || !decoder.decode(key).startsWith(prefix)) continue
          const batch = parse(value, offset)
          batches.set(batch.number, batch)
        }
      }
      return [...batches.values()].toSorted((a, b) => a.number - b.number)
    },
    async append(batch, timestampMs) {
      await log.append(BATCHES_TOPIC, [
        {
          key: encoder.encode(keyOf(batch.table, batch.number)),
          value: encoder.encode(JSON.stringify({ format: FORMAT, ...batch })),
          headers: [],
          timestamp: timestampMs,
          partition: 0,
        },
      ])
    },
  }
}

function parse(value: Uint8Array, offset: number): KnownBatch {
  let json: unknown
  try {
    json = JSON.parse(decoder.decode(value))
  } catch (cause) {
    throw streamError(
      'STREAM_BOUNDARY_INVALID',
      `record ${offset} of ${BATCHES_TOPIC} is not JSON: restore the log from a backup`,
      { cause, details: { offset } },
    )
  }
  const format = (json as { format?: unknown } | null)?.format
  if (typeof format === 'number' && format > FORMAT) {
    throw streamError(
      'STREAM_FORMAT_NEWER',
      `record ${offset} of ${BATCHES_TOPIC} has format ${format}, this version reads up to ${FORMAT}: start the newer version`,
      { details: { offset, format } },
    )
  }
  const result = record.safeParse(json)
  if (!result.success) {
    throw streamError(
      'STREAM_BOUNDARY_INVALID',
      `record ${offset} of ${BATCHES_TOPIC} is no batch boundary (${result.error.issues[0]?.path.join('.')}): restore the log from a backup`,
      { cause: result.error, details: { offset } },
    )
  }
  return result.data
}
