/**
 * The log of the only broker loses its end, as a power cut may do to what was not flushed, and grows past it again: whoever
 * had read further is told what was lost, and reads nothing at those offsets as if it were the next record.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { z } from 'zod'
import { defineApp, startApp, topic, type RunningApp } from '../../src/index.ts'
import { openLog, type Consumer, type Log } from '../../src/log/index.ts'
import { until } from '../e2e/instance.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'

const TOPIC = 'cut'
const LOST = {
  code: 'LOG_TRUNCATED',
  message: /"cut", partition 0: 4 records that were read, offsets 6 to 9, are not in the log/,
}

let cluster: KafkaCluster
let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-truncated-'))
  cluster = await startKafka({ properties: { 'log.dirs': join(root, 'kafka') } })
})
afterAll(async () => {
  await cluster.close()
  await rm(root, { recursive: true, force: true })
})

const address = (): string =>
  `kafka://${cluster.bootstrap}?metadata.max.age.ms=300&heartbeat.interval.ms=100`

const start = (): Promise<RunningApp> => {
  const schema = z.object({ n: z.int() })
  const app = defineApp({
    name: TOPIC,
    topics: { [TOPIC]: topic({ schema, batch: { rows: 1_000, idle: '1h' } }) },
  })
  return startApp(app, { dataDir: join(root, 'app'), log: address() })
}

/** One batch for each. */
async function append(log: Log, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    const value = Buffer.from(`{"n":${n}}`)
    await log.append(TOPIC, [{ key: null, value, headers: [], timestamp: 0 }])
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index)

async function readOffsets(consumer: Consumer, count: number): Promise<number[]> {
  const offsets: number[] = []
  while (offsets.length < count) {
    for (const { offset } of await consumer.poll()) offsets.push(offset)
  }
  return offsets
}

/** The broker comes back without what its disk did not have: everything from an offset on. */
async function loseFrom(offset: number): Promise<void> {
  const [broker] = cluster.brokers
  await broker!.kill()
  const file = join(root, 'kafka', `${TOPIC}-0`, '00000000000000000000.log')
  const bytes = await readFile(file)
  let at = 0
  while (Number(bytes.readBigInt64BE(at)) < offset) at += 12 + bytes.readInt32BE(at + 8)
  await truncate(file, at)
  await broker!.start()
}

const flush = (app: RunningApp): Promise<unknown> => app.sinks.get(TOPIC)!.flush()

describe('a log that lost its end', () => {
  it('E8, P2: stops a table, its queries and consumers with a named error, also after a restart', async () => {
    const app = await start()
    const log = await openLog({ dir: root, url: address(), env: {} })
    try {
      await append(log, range(0, 10))
      await flush(app)
      const open = await log.consumer({ group: 'open', topics: [TOPIC], from: 'earliest' })
      assert.deepEqual(await readOffsets(open, 10), range(0, 10))
      const away = await log.consumer({ group: 'away', topics: [TOPIC], from: 'earliest' })
      await readOffsets(away, 10)
      await away.commitOffsets([{ topic: TOPIC, partition: 0, offset: 10 }])
      await away.close()

      await loseFrom(6)
      await append(log, range(100, 120))

      await assert.rejects(readOffsets(open, 1), LOST)
      // For as long as it stays there.
      await assert.rejects(readOffsets(open, 1), LOST)
      open.seek({ topic: TOPIC, partition: 0, offset: 6 })
      assert.deepEqual(await readOffsets(open, 20), range(6, 26))
      const back = await log.consumer({ group: 'away', topics: [TOPIC], from: 'earliest' })
      await assert.rejects(readOffsets(back, 1), LOST)
      await Promise.all([open.close(), back.close()])

      const sink = app.sinks.get(TOPIC)!
      const failure = await until('the table says it', () => sink.failure(), 60_000)
      assert.match(failure.message, LOST.message)
      await assert.rejects(flush(app), LOST)
      await assert.rejects(app.query.run(`select n from ${TOPIC}`), LOST)
      assert.equal((await app.readiness()).find(({ role }) => role === 'query')?.ready, false)
    } finally {
      await log.close()
      await app.stop()
    }
    const again = await start()
    try {
      await assert.rejects(flush(again), LOST)
    } finally {
      await again.stop()
    }
  })
})
