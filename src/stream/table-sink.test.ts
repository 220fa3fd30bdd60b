/** The sink's guarantees on the embedded log and the real lake, read back by hyparquet. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { expect, test } from 'vitest'
import { deadLetterTopic, silentLogger, type Column } from '../core/index.ts'
import { endStagingThread, openLake } from '../lake/index.ts'
import { openLog } from '../log/index.ts'
import { createManualClock } from '../testing/index.ts'
import { openTableSink } from './table-sink.ts'
import {
  sinkConformance,
  type OpenOptions,
  type OpenPlace,
  type SinkPlace,
} from './table-sink.conformance.ts'

const TOPIC = 'numbers'
const columns: readonly Column[] = [{ name: 'n', type: 'integer', nullable: false }]

async function makePlace(): Promise<SinkPlace> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-stream-'))
  const clock = createManualClock()
  return {
    clock,
    open: (options) => openPlace(dir, clock, options),
    wipeLake: () => rm(join(dir, 'lake'), { recursive: true }),
    readLake: () => readLake(join(dir, 'lake', TOPIC, 'current')),
    remove: () => rm(dir, { recursive: true, force: true }),
  }
}

async function openPlace(
  dir: string,
  clock: SinkPlace['clock'],
  options: OpenOptions,
): Promise<OpenPlace> {
  const log = await openLog({ dir: join(dir, 'log'), clock })
  await log.createTopic({ name: TOPIC, partitions: 2 })
  const lake = await openLake({ dir: join(dir, 'lake'), clock, logger: silentLogger })
  const table = await lake.openTable({ name: TOPIC, topic: TOPIC, columns })
  const sink = await openTableSink({ log, table, topic: TOPIC, columns, clock, ...options })
  const abandon = async (): Promise<void> => {
    await lake.close()
    await log.close()
  }
  return {
    log,
    table,
    topic: TOPIC,
    deadLetterTopic: deadLetterTopic(TOPIC),
    sink,
    abandon,
    async close() {
      await sink.close()
      await abandon()
    },
  }
}

async function readLake(folder: string): Promise<(readonly [number, number])[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.parquet'))
  const rows: (readonly [number, number])[] = []
  for (const name of names.toSorted()) {
    const file = await asyncBufferFromFile(join(folder, name))
    for (const row of await parquetReadObjects({ file, compressors })) {
      rows.push([Number(row['_partition']), Number(row['_offset'])])
    }
  }
  return rows
}

for (const check of sinkConformance(makePlace)) test(check.name, check.run)

test('a failing disk is said, retried, and nothing is lost or doubled', async () => {
  const place = await makePlace()
  let isFull = true
  const open = await place.open({
    policy: { rows: 5 },
    failpoint: (name) => {
      if (name === 'boundary-logged' && isFull) throw new Error('no space left on device')
    },
  })
  const value = new TextEncoder().encode('{"n":1}')
  await open.log.append(
    open.topic,
    Array.from({ length: 12 }, () => ({
      key: null,
      value,
      headers: [],
      timestamp: 0,
      partition: 0,
    })),
  )
  await expect.poll(() => open.sink.failure()?.message).toBe('no space left on device')
  await expect(open.sink.flush()).rejects.toThrow('no space left on device')
  expect((await open.sink.tail()).rows.length).toBe(12)
  // The flush that failed had cut the rest: two full batches and one of two rows.
  isFull = false
  await expect
    .poll(() => {
      place.clock.advance(500)
      return open.sink.batches().filter(({ state }) => state === 'committed').length
    })
    .toBe(3)
  expect(open.sink.failure()).toBeUndefined()
  await open.close()
  expect(await place.readLake()).toHaveLength(12)
  await place.remove()
})

test('a batch whose thread ends is read again from the log: each row and each letter once', async () => {
  const place = await makePlace()
  let ends = 0
  const open = await place.open({
    policy: { idleMs: 60_000 },
    failpoint: async (name) => {
      if (name !== 'cut' && name !== 'boundary-logged') return
      ends++
      await endStagingThread()
    },
  })
  const texts = Array.from({ length: 40 }, (_, n) => (n % 5 === 3 ? `bad ${n}` : `{"n":${n}}`))
  const encoder = new TextEncoder()
  await open.log.append(
    open.topic,
    texts.map((text) => ({
      key: null,
      value: encoder.encode(text),
      headers: [],
      timestamp: 0,
      partition: 0,
    })),
  )
  expect(await open.sink.flush()).toMatchObject({ number: 1, rows: 32, deadLetters: 8 })
  expect(ends).toBe(2)
  const { partitions } = await open.log.topic(open.deadLetterTopic)
  expect(partitions[0]?.end).toBe(8)
  await open.close()
  expect(await place.readLake()).toHaveLength(32)
  await place.remove()
})
