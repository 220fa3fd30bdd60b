/** The world that the sink's suite runs in, and what its checks share. */
import assert from 'node:assert/strict'
import type { Clock, LogRecord, NewRecord } from '../core/index.ts'
import type { LakeFile, LakeTable } from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import type { Batch, BatchPolicy, TableSink } from './batch.ts'
import type { Failpoint } from './batch-writer.ts'

/** A clock that the suite moves: `millrace/testing` has one. */
export interface MovableClock extends Clock {
  advance(ms: number): void
  /** Moves the wall clock only. */
  jump(ms: number): void
}

/** One log and one lake on disk, opened any number of times. The topic has two partitions and the column `n: integer`. */
export interface SinkPlace {
  /** The clock of log, lake and sink. */
  readonly clock: MovableClock
  open(options: OpenOptions): Promise<OpenPlace>
  /** Removes every file of the lake. Only while closed. */
  wipeLake(): Promise<void>
  /** `(partition, offset)` of every row of a plain listing of `current/`, read without our code, in file order. */
  readLake(): Promise<readonly (readonly [partition: number, offset: number])[]>
  remove(): Promise<void>
}

export interface OpenOptions {
  readonly policy: BatchPolicy
  readonly failpoint?: (name: Failpoint) => void | Promise<void>
  readonly mostTailRecords?: number
}

export interface OpenPlace {
  readonly log: Log
  readonly table: LakeTable
  readonly topic: string
  readonly deadLetterTopic: string
  readonly sink: TableSink
  /** Closes sink, lake and log. */
  close(): Promise<void>
  /** Lets log and lake go without closing the sink, as the end of the process would. */
  abandon(): Promise<void>
}

export const isCommitted = (batch: Batch): boolean => batch.state === 'committed'
export const pick = (batch: Batch | undefined): object => ({
  rows: batch?.rows,
  deadLetters: batch?.deadLetters,
  number: batch?.number,
})

export function filesOf(table: LakeTable): { name: string; sha256: string }[] {
  return table.snapshot().files.map(({ name, sha256 }: LakeFile) => ({ name, sha256 }))
}

export async function readAll(log: Log, topic: string): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  for await (const { records } of log.read(topic, 0, 0)) found.push(...records)
  return found
}

const encoder = new TextEncoder()
const TIME = Date.UTC(2026, 0, 2)

export function rawEvent(text: string, partition = 0): NewRecord {
  return { key: null, value: encoder.encode(text), headers: [], timestamp: TIME, partition }
}

export function events(first: number, count: number, partition = 0): NewRecord[] {
  return Array.from({ length: count }, (_, index) =>
    rawEvent(JSON.stringify({ n: first + index }), partition),
  )
}

/** Two of every ten are no rows. */
export function mixedEvents(count: number): NewRecord[] {
  return Array.from({ length: count }, (_, index) =>
    rawEvent(index % 5 === 3 ? `bad ${index}` : JSON.stringify({ n: index })),
  )
}

export async function append(open: OpenPlace, first: number, count: number): Promise<void> {
  await open.log.append(open.topic, events(first, count))
}

/** Waits for a condition in real time; the bound only ends a test that would never end. */
export async function eventually(condition: () => boolean): Promise<void> {
  const until = performance.now() + 10_000
  while (!condition()) {
    assert.ok(performance.now() < until, `did not become true: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export async function assertWhole(place: SinkPlace, totals: readonly number[]): Promise<void> {
  const rows = await place.readLake()
  for (const [partition, total] of totals.entries()) {
    const offsets = rows.filter(([of]) => of === partition).map(([, offset]) => offset)
    assert.deepEqual(
      offsets,
      Array.from({ length: total }, (_, offset) => offset),
    )
  }
}

/** Runs a check in a new place and removes it. */
export function inPlace(
  makePlace: () => Promise<SinkPlace>,
  body: (place: SinkPlace) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const place = await makePlace()
    try {
      await body(place)
    } finally {
      await place.remove()
    }
  }
}
