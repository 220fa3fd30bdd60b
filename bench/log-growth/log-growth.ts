import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../../src/log/index.ts'
import type { Benchmark } from '../benchmark.ts'
import { fillLog, makeWorkplace, openBenchLog, RECORD_BYTES, VALUE } from '../log-records.ts'

const SHORT = 1_000_000
/** A hundred times as much is 11 GB. */
const LONG = Number(process.env['MILLRACE_BENCH_LONG'] ?? 100_000_000)
const READERS = 16
/** What is appended to either log in one run, and what many consumers read. */
const PIECE = Number(process.env['MILLRACE_BENCH_RECORDS'] ?? 1_000_000)
const TAIL_READS = 2_000
const OPENINGS = 20

interface Logs {
  readonly dir: string
  log: Log
}

const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await run()
  return (performance.now() - began) / 1_000
}

async function filled(dir: string, records: number): Promise<Logs> {
  await mkdir(dir)
  const log = await openBenchLog(dir)
  await fillLog(log, 'bench', records)
  return { dir, log }
}

async function endOf(log: Log): Promise<number> {
  return (await log.topic('bench')).partitions[0]!.end
}

async function readAll(log: Log, from: number, records: number): Promise<void> {
  let bytes = 0
  for await (const batch of log.read('bench', 0, from, { to: from + records })) {
    for (const record of batch.records) bytes += record.value?.length ?? 0
  }
  if (bytes !== records * RECORD_BYTES) throw new Error(`read ${bytes} bytes of ${records} records`)
}

const append = ({ log }: Logs): Promise<number> => seconds(() => fillLog(log, 'bench', PIECE))

/** One durable record, then a read of it, again and again. */
const tail = ({ log }: Logs): Promise<number> =>
  seconds(async () => {
    const record = { key: null, value: VALUE, headers: [], timestamp: 1_600_000_000_000 }
    for (let step = 0; step < TAIL_READS; step++) {
      await log.append('bench', [record])
      await readAll(log, (await endOf(log)) - 1, 1)
    }
  })

/** As after a crash, until the last record was read: without the note of an orderly close. */
const restart = async (logs: Logs): Promise<number> => {
  let sum = 0
  for (let step = 0; step < OPENINGS; step++) {
    await logs.log.close()
    await rm(join(logs.dir, 'clean.json'))
    sum += await seconds(async () => {
      logs.log = await openBenchLog(logs.dir)
      await readAll(logs.log, (await endOf(logs.log)) - 1, 1)
    })
  }
  return sum
}

/** One log in two lengths: the longer one in the place of ours, in that of the peer the shorter one, times what is allowed. */
const longer = (
  id: string,
  what: string,
  work: number,
  allowed: number,
  run: (logs: Logs) => Promise<number>,
): Benchmark => ({
  id,
  question: `How does the log ${what} with ${LONG.toLocaleString('en')} records, against ${SHORT.toLocaleString('en')}?`,
  work,
  unit: '1/s',
  floor: 1,
  async prepare() {
    const place = await makeWorkplace()
    const short = await filled(join(place.dir, 'short'), SHORT)
    const long = await filled(join(place.dir, 'long'), LONG)
    return {
      versions: { node: process.version },
      ours: { run: () => run(long) },
      peer: { run: async () => (await run(short)) * allowed },
      async close() {
        await short.log.close()
        await long.log.close()
        await place.close()
      },
    }
  },
})

/** Many consumers of one log in this process, against one: records that all of them together read, and appends meanwhile. */
const consumers = (id: string, what: string, allowed: number, isAppending: boolean): Benchmark => ({
  id,
  question: `How does ${what} with ${READERS} consumers in one process, against one?`,
  work: isAppending ? PIECE : PIECE * READERS,
  unit: 'records/s',
  floor: 1,
  async prepare() {
    const place = await makeWorkplace()
    const { log } = await filled(join(place.dir, 'log'), PIECE)
    const readBy = (count: number, from: number): Promise<unknown> =>
      Promise.all(Array.from({ length: count }, () => readAll(log, from, PIECE)))
    const appendUnder = async (count: number): Promise<number> => {
      const from = await endOf(log)
      const stops = Array.from({ length: count }, () => new AbortController())
      const following = stops.map(({ signal }) => follow(log, from, signal))
      const took = await seconds(() => fillLog(log, 'bench', PIECE))
      for (const stop of stops) stop.abort()
      await Promise.all(following)
      return took
    }
    // One reader's time for the work of all is what they would take one after the other.
    const read = async (count: number): Promise<number> =>
      ((await seconds(() => readBy(count, 0))) * READERS) / count
    const run = isAppending ? appendUnder : read
    return {
      versions: { node: process.version },
      ours: { run: () => run(READERS) },
      peer: { run: async () => (await run(1)) * allowed },
      async close() {
        await log.close()
        await place.close()
      },
    }
  },
})

async function follow(log: Log, from: number, signal: AbortSignal): Promise<void> {
  for await (const { records } of log.read('bench', 0, from, { follow: true, signal })) {
    if (records.length === 0) throw new Error('a batch without a record')
  }
}

export const growthBenchmarks = {
  'G-append': longer('G-append', 'take appends', PIECE, 1 / 0.95, append),
  'G-tail': longer('G-tail', 'give its tail', TAIL_READS, 1.1, tail),
  'G-open': longer('G-open', 'open after a crash', OPENINGS, 1.2, restart),
  'G-read': consumers('G-read', 'reading grow', 1 / 4, false),
  'G-append-read': consumers('G-append-read', 'appending go', 1 / 0.8, true),
}
