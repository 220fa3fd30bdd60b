/**
 * Every answer of a model as an event of `__millrace-predictions`, which feeds the table `predictions`: the history of what
 * was asked and answered survives a restart and can be queried by SQL. Written behind the answer: a prediction never waits
 * for it, and when it cannot keep up, predictions are dropped and counted.
 */
import { z } from 'zod'
import type { Clock, Logger, Metrics, NewRecord } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import type { PredictAnswer, PredictRow } from '../serving/index.ts'
import { createRecordQueue } from './record-queue.ts'

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
  const { clock, metrics } = options
  const queue = createRecordQueue({
    ...options,
    topic: PREDICTIONS_TOPIC,
    what: 'predictions',
    onOutcome: (outcome, count) => metrics.record('predictions_logged_total', { outcome }, count),
  })
  return {
    add(answer, rows, requestId) {
      const now = clock.now()
      queue.add(answer.predictions.length, (index) =>
        recordOf(answer, answer.predictions[index]!, rows[index] ?? {}, requestId ?? null, now),
      )
    },
    settled: () => queue.settled(),
    close: () => queue.close(),
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
