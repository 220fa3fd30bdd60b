/**
 * Every answer of a model as an event of `__millrace-predictions`, which feeds the table `predictions`: the history of what
 * was asked and answered survives a restart and can be queried by SQL. Written behind the answer: a prediction never waits
 * for it, and when it cannot keep up, predictions are dropped and counted.
 */
import { z } from 'zod'
import type { Clock, Logger, Metrics, NewRecord } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import type { PredictAnswer, PredictRow } from '../serving/index.ts'

export const PREDICTIONS_TOPIC = '__millrace-predictions'
export const PREDICTIONS_TABLE = 'predictions'

/** Columns of the table `predictions`. */
export const predictionSchema = z.object({
  /** When it was answered. */
  at: z.iso.datetime(),
  model: z.string(),
  task: z.string(),
  version: z.int(),
  /** Classifier: 0 or 1, and the probability of 1. */
  label: z.int().nullable(),
  probability: z.number().nullable(),
  /** Regressor. */
  value: z.number().nullable(),
  /** Clusterer. */
  cluster: z.int().nullable(),
  /** What was used instead of something unknown, in words. */
  fallback: z.string().nullable(),
  /** The row as it was asked, JSON. */
  request: z.unknown(),
  /** Request id of the HTTP call. */
  request_id: z.string().nullable(),
})

/** Rows that wait to be written; at 200 bytes each some megabytes. */
const MOST_WAITING = 10_000
const MOST_APPEND = 1_000
/** A longer request is not kept: the log's limit for a record is 1 MiB, and one large row must not cost the others. */
const MOST_REQUEST_CHARS = 64 * 1024

export interface PredictionLog {
  /** Never throws, never waits. */
  add(answer: PredictAnswer, rows: readonly PredictRow[], requestId?: string): void
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface PredictionLogOptions {
  readonly log: Log
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

export function createPredictionLog(options: PredictionLogOptions): PredictionLog {
  const { log, clock, logger, metrics } = options
  let waiting: NewRecord[] = []
  let writing: Promise<void> | undefined
  let isFailing = false
  let isClosed = false

  const drop = (count: number, reason: string): void => {
    metrics.record('predictions_logged_total', { outcome: 'dropped' }, count)
    if (!isFailing) logger.warn({ reason }, 'predictions are answered but not logged')
    isFailing = true
  }

  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const records = waiting.slice(0, MOST_APPEND)
      waiting = waiting.slice(MOST_APPEND)
      try {
        await log.append(PREDICTIONS_TOPIC, records)
        metrics.record('predictions_logged_total', { outcome: 'stored' }, records.length)
        isFailing = false
      } catch (error) {
        drop(records.length, (error as Error).message)
      }
    }
    writing = undefined
  }

  return {
    add(answer, rows, requestId) {
      const room = isClosed ? 0 : MOST_WAITING - waiting.length
      const taken = answer.predictions.slice(0, Math.max(0, room))
      const now = clock.now()
      for (const [index, prediction] of taken.entries()) {
        waiting.push(recordOf(answer, prediction, rows[index] ?? {}, requestId ?? null, now))
      }
      const missed = answer.predictions.length - taken.length
      if (missed > 0) drop(missed, 'more predictions than the log takes')
      writing ??= waiting.length > 0 ? write() : undefined
    },
    async settled() {
      await writing
    },
    async close() {
      isClosed = true
      await writing
    },
  }
}

const encoder = new TextEncoder()

function recordOf(
  answer: PredictAnswer,
  prediction: PredictAnswer['predictions'][number],
  row: PredictRow,
  requestId: string | null,
  now: number,
): NewRecord {
  const event: z.input<typeof predictionSchema> = {
    at: new Date(now).toISOString(),
    model: answer.model,
    task: answer.task,
    version: answer.version,
    label: prediction.label ?? null,
    probability: prediction.probability ?? null,
    value: prediction.value ?? null,
    cluster: prediction.cluster ?? null,
    fallback: prediction.fallback?.used ?? null,
    request: requestOf(row),
    request_id: requestId,
  }
  return {
    key: encoder.encode(answer.model),
    value: encoder.encode(JSON.stringify(event)),
    headers: [],
    timestamp: now,
  }
}

function requestOf(row: PredictRow): unknown {
  const safe = Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [name, typeof cell === 'bigint' ? `${cell}` : cell]),
  )
  return JSON.stringify(safe).length > MOST_REQUEST_CHARS ? { truncated: true } : safe
}
