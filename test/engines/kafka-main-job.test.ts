/**
 * The main job on Apache Kafka against the same job on the embedded log: same input, same seed. Cut by count, with one
 * partition, batches, lake files and models are the same, also when the broker is killed in the middle; cut by timers, with
 * several partitions, the rows are.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'vitest'
import example from '../../examples/movielens/app.ts'
import { isMillraceError } from '../../src/core/index.ts'
import { defineApp, startApp, type RunningApp } from '../../src/index.ts'
import { until } from '../e2e/instance.ts'
import { anomaliesOf, readLake } from '../e2e/lake-reader.ts'
import { ratings, toNdjson } from '../e2e/ratings.ts'
import { startKafka } from './kafka-cluster.ts'

const ROWS = 20_000
const BATCH_ROWS = 1_000
/** Rows after which every model trains: `retrain` of the example. */
const TRAINING_ROWS = 10_000
const CALL_ROWS = 500
const MODELS = ['like', 'rating', 'segments']

const { ratings: declared } = example.topics
assert.ok(declared)
const app = {
  ...example,
  topics: { ...example.topics, ratings: { ...declared, batch: { rows: BATCH_ROWS } } },
}
const TIMED_PARTITIONS = 3
const timed = defineApp({
  name: 'timed',
  topics: {
    ratings: { ...declared, partitions: TIMED_PARTITIONS, batch: { rows: 700, idle: '200ms' } },
  },
})

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** Genuine ratings in the order of their time where they are, else made-up ones. */
async function input(): Promise<readonly object[]> {
  const file = join(process.env['MILLRACE_TEST_DATA'] ?? '', 'ml-latest-small', 'ratings.csv')
  if (!existsSync(file)) return ratings({ seed: 1, from: 0, count: ROWS })
  const [, ...lines] = (await readFile(file, 'utf8')).trim().split('\n')
  return lines
    .map((line) => line.split(',').map(Number))
    .map(([userId = 0, movieId = 0, rating = 0, timestamp = 0]) => ({
      userId,
      movieId,
      rating,
      timestamp,
    }))
    .toSorted((a, b) => a.timestamp - b.timestamp)
    .slice(0, ROWS)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** As a client does that numbers its events: what failed is sent again. */
async function send(to: RunningApp, rows: readonly object[], first: number): Promise<void> {
  const sequence = { sequence: 'input', first }
  await until('the events are stored', async () => {
    try {
      const body = once(Buffer.from(toNdjson(rows)))
      const how = { format: 'ndjson', source: 'test', sequence } as const
      const { accepted, duplicates } = await to.ingest.receive('ratings', body, how)
      assert.equal(accepted + duplicates, rows.length)
      return true
    } catch (error) {
      if (isMillraceError(error) && error.retryable) return undefined
      throw error
    }
  })
}

const trained = (to: RunningApp, batches: number): true | undefined => {
  const jobs = to.trainer.jobs()
  if (jobs.some(({ state }) => state === 'queued' || state === 'running')) return undefined
  const isDone = (model: string): boolean =>
    jobs.some((job) => job.model === model && job.set.batches.at(-1) === batches)
  return MODELS.every(isDone) ? true : undefined
}

interface Outcome {
  readonly batches: unknown
  readonly files: unknown
  readonly versions: unknown
}

/** `onHalf` is called once while the second half of the events is being sent. */
async function runJob(log: string | undefined, onHalf = (): void => {}): Promise<Outcome> {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-main-job-'))
  closers.push(() => rm(dataDir, { recursive: true, force: true }))
  const running = await startApp(app, {
    dataDir,
    ...(log !== undefined && { log }),
    replay: { enabled: false },
  })
  closers.push(() => running.stop())
  const sink = running.sinks.get('ratings')
  assert.ok(sink)
  const rows = await input()
  for (let from = 0; from < rows.length; from += CALL_ROWS) {
    if (from === 1.5 * TRAINING_ROWS) onHalf()
    await send(running, rows.slice(from, from + CALL_ROWS), from + 1)
    const sent = from + CALL_ROWS
    if (sent % TRAINING_ROWS === 0) {
      const what = `models of ${sent} rows`
      await until(what, () => trained(running, sent / BATCH_ROWS), 120_000)
    }
  }
  const files = await readLake(dataDir, 'ratings')
  assert.deepEqual(anomaliesOf(files), [])
  assert.equal(
    files.reduce((sum, file) => sum + file.rows.length, 0),
    rows.length,
  )
  return {
    batches: sink.batches().map(({ number, trigger, state, ranges, rows: count, files: own }) => ({
      number,
      trigger,
      state,
      ranges,
      count,
      files: own.map(({ name, sha256 }) => ({ name, sha256 })),
    })),
    files: files.map(({ name, sha256 }) => ({ name, sha256 })),
    versions: MODELS.flatMap((model) =>
      running.registry
        .versions(model)
        .map(
          ({ version, status, digest, set, lineage: { batches, ranges, files: read, seed } }) => ({
            model,
            version,
            status,
            digest,
            set,
            batches,
            ranges,
            read,
            seed,
          }),
        ),
    ),
  }
}

/** What the lake has of the first half of the input, in the order of its times and ids. */
async function runTimed(log: string | undefined, onHalf = (): void => {}): Promise<unknown> {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-timed-job-'))
  closers.push(() => rm(dataDir, { recursive: true, force: true }))
  const running = await startApp(timed, { dataDir, ...(log !== undefined && { log }) })
  closers.push(() => running.stop())
  const rows = (await input()).slice(0, ROWS / 2)
  for (let from = 0; from < rows.length; from += CALL_ROWS) {
    if (from === rows.length / 2) onHalf()
    await send(running, rows.slice(from, from + CALL_ROWS), from + 1)
  }
  await until('everything is in the lake', () =>
    running.sinks
      .get('ratings')!
      .flush()
      .then(
        () => true,
        () => undefined,
      ),
  )
  const files = await readLake(dataDir, 'ratings')
  assert.deepEqual(anomaliesOf(files), [])
  const stored = files.flatMap((file) => file.rows)
  assert.equal(stored.length, rows.length)
  assert.equal(new Set(stored.map((row) => row['_partition'])).size, TIMED_PARTITIONS)
  const { difference } = await running.ledger('ratings')
  assert.equal(difference, 0)
  return stored
    .map((row) => ['timestamp', 'userId', 'movieId', 'rating'].map((name) => Number(row[name])))
    .toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!)
}

describe('the main job', () => {
  it('E1, P2: with timers and three partitions has the same rows, each once, over a kill of the broker', async () => {
    const cluster = await startKafka()
    closers.push(cluster.close)
    const [broker] = cluster.brokers
    let bounced: Promise<void> | undefined
    const onKafka = await runTimed(`kafka://${cluster.bootstrap}`, () => {
      bounced = broker!.kill().then(() => broker!.start())
    })
    await bounced
    assert.deepEqual(onKafka, await runTimed(undefined))
  })

  it('E1, P2, P10: has the same batches, files and models on Apache Kafka as on its own log, over a kill of the broker', async () => {
    const embedded = await runJob(undefined)
    const cluster = await startKafka()
    closers.push(cluster.close)
    const [broker] = cluster.brokers
    let bounced: Promise<void> | undefined
    const onKafka = await runJob(`kafka://${cluster.bootstrap}`, () => {
      bounced = broker!.kill().then(() => broker!.start())
    })
    await bounced
    assert.deepEqual(onKafka, embedded)
    assert.equal((embedded.batches as unknown[]).length, ROWS / BATCH_ROWS)
    assert.ok((embedded.versions as unknown[]).length >= 2 * MODELS.length)
  })
})
