import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger, type LogRecord } from '../core/index.ts'
import { openLog } from '../log/index.ts'
import type { PredictAnswer } from '../serving/index.ts'
import { createManualClock } from '../testing/index.ts'
import { createMetricsRegistry } from './metrics.ts'
import { createPredictionLog, PREDICTIONS_TOPIC, predictionSchema } from './prediction-log.ts'

const answer = (count: number): PredictAnswer => ({
  model: 'like',
  task: 'classifier',
  version: 3,
  digest: 'd',
  set: { scheme: 'cumulative', part: 1 },
  dataAsOf: null,
  predictions: Array.from({ length: count }, () => ({
    label: 1,
    probability: 0.75,
    fallback: { unknown: ['movieId'], used: 'typical values' },
  })),
})

async function setting() {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-predictions-'))
  const clock = createManualClock()
  const log = await openLog({ dir, clock })
  await log.createTopic({ name: PREDICTIONS_TOPIC })
  const metrics = createMetricsRegistry()
  const predictions = createPredictionLog({ log, clock, logger: silentLogger, metrics })
  const outcomes = async (): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith('millrace_predictions_log'))
  const records = async (): Promise<LogRecord[]> => {
    const found: LogRecord[] = []
    for await (const batch of log.read(PREDICTIONS_TOPIC, 0, 0)) found.push(...batch.records)
    return found
  }
  const close = async (): Promise<void> => {
    await predictions.close()
    await log.close()
    await rm(dir, { recursive: true })
  }
  return { log, predictions, outcomes, records, close }
}

test('an answer becomes one event a row, with request and fallback', async () => {
  const { predictions, records, close } = await setting()
  predictions.add(answer(1), [{ userId: 9_007_199_254_740_993n, movieId: 2 }], 'r-1')
  await predictions.settled()
  const [record] = await records()
  const event = predictionSchema.parse(JSON.parse(Buffer.from(record?.value ?? []).toString()))
  expect(event).toEqual({
    at: '2026-01-01T00:00:00.000Z',
    model: 'like',
    task: 'classifier',
    version: 3,
    label: 1,
    probability: 0.75,
    value: null,
    cluster: null,
    fallback: 'typical values',
    request: { userId: '9007199254740993', movieId: 2 },
    request_id: 'r-1',
  })
  await close()
})

test('what the queue cannot take is dropped and counted, never awaited', async () => {
  const { predictions, outcomes, records, close } = await setting()
  predictions.add(answer(10_500), [])
  await predictions.settled()
  expect(await records()).toHaveLength(10_000)
  expect(await outcomes()).toEqual([
    'millrace_predictions_logged_total{outcome="dropped"} 500',
    'millrace_predictions_logged_total{outcome="stored"} 10000',
  ])
  await close()
})

test('a log that fails costs the record of the prediction, not the prediction', async () => {
  const { log, predictions, outcomes, close } = await setting()
  await log.close()
  predictions.add(answer(2), [{ userId: 1 }])
  await predictions.settled()
  expect(await outcomes()).toEqual(['millrace_predictions_logged_total{outcome="dropped"} 2'])
  await close()
})

test('a request too long for a record is not kept, its answer is', async () => {
  const { predictions, records, close } = await setting()
  predictions.add(answer(1), [{ userId: 'x'.repeat(100_000) }])
  await predictions.settled()
  expect(JSON.parse(Buffer.from((await records())[0]?.value ?? []).toString())).toMatchObject({
    request: { truncated: true },
    label: 1,
  })
  await close()
})
