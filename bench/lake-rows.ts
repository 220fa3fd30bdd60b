/** The same events for every benchmark of the lake: six columns, as many as `MILLRACE_BENCH_ROWS` says, a million by default. */
import { DuckDBInstance } from '@duckdb/node-api'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, silentLogger, type Column, type NewRecord } from '../src/core/index.ts'
import { openLake, type Lake, type LakeTable } from '../src/lake/index.ts'
import { openLog, type Log } from '../src/log/index.ts'

export const ROWS = Number(process.env['MILLRACE_BENCH_ROWS'] ?? 1_000_000)
export const TOPIC = 'events'
/** A file of the lake has so many rows at most, and the log's records wait for it so long at most. */
export const BATCH = { rows: 1_000_000, everyMs: 5_000 }

export const COLUMNS: readonly Column[] = [
  { name: 'userId', type: 'integer', nullable: false },
  { name: 'itemId', type: 'integer', nullable: false },
  { name: 'rating', type: 'double', nullable: false },
  { name: 'at', type: 'integer', nullable: false },
  { name: 'page', type: 'text', nullable: false },
  { name: 'dwell', type: 'double', nullable: false },
]

export interface Event {
  readonly userId: number
  readonly itemId: number
  readonly rating: number
  readonly at: number
  readonly page: string
  readonly dwell: number
}

const TIME = 1_700_000_000_000

export const eventAt = (n: number): Event => ({
  userId: (n * 7_919) % 50_021,
  itemId: (n * 104_729) % 20_011,
  rating: 0.5 + (n % 10) / 2,
  at: TIME + n,
  page: `page-${n % 40}`,
  dwell: (n % 1_000) / 8,
})

const encoder = new TextEncoder()
const APPEND_RECORDS = 10_000

/** A log that holds the events as JSON. */
export async function openFilledLog(dir: string): Promise<Log> {
  const log = await openLog({ dir, cleanIntervalMs: 0 })
  await log.createTopic({ name: TOPIC })
  for (let first = 0; first < ROWS; first += APPEND_RECORDS) {
    const records = Array.from(
      { length: Math.min(APPEND_RECORDS, ROWS - first) },
      (_, at): NewRecord => ({
        key: null,
        value: encoder.encode(JSON.stringify(eventAt(first + at))),
        headers: [],
        timestamp: TIME + first + at,
      }),
    )
    await log.append(TOPIC, records)
  }
  return log
}

export const openBenchLake = (dir: string): Promise<Lake> =>
  openLake({ dir, clock: systemClock, logger: silentLogger })

export const openBenchTable = (lake: Lake): Promise<LakeTable> =>
  lake.openTable({ name: TOPIC, topic: TOPIC, columns: COLUMNS })

/** DuckDB by itself, with both cores. */
export async function openDuckDb() {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const connection = await instance.connect()
  return {
    connection,
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

export type DuckDb = Awaited<ReturnType<typeof openDuckDb>>

export const CREATE_TABLE = `CREATE TABLE ${TOPIC} ("userId" BIGINT, "itemId" BIGINT, rating DOUBLE, "at" BIGINT, page VARCHAR, dwell DOUBLE)`

/** Row by row, as its JavaScript appender takes them. */
export async function appendAll({ connection }: DuckDb, events: readonly Event[]): Promise<void> {
  const appender = await connection.createAppender(TOPIC)
  for (const { userId, itemId, rating, at, page, dwell } of events) {
    appender.appendBigInt(BigInt(userId))
    appender.appendBigInt(BigInt(itemId))
    appender.appendDouble(rating)
    appender.appendBigInt(BigInt(at))
    appender.appendVarchar(page)
    appender.appendDouble(dwell)
    appender.endRow()
  }
  appender.closeSync()
}

export async function lakeVersions(): Promise<Record<string, string>> {
  const path = join(import.meta.dirname, '../node_modules/@duckdb/node-api/package.json')
  const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string }
  return { node: process.version, '@duckdb/node-api': version }
}

export async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await run()
  return (performance.now() - began) / 1_000
}
