/** The world that the windows' suite runs in, and what its checks share. */
import assert from 'node:assert/strict'
import { readEnvelope, type Column, type NewRecord } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import type { DerivedStream, StepSeam } from '../derived/derived-stream.ts'
import type { MovableClock } from '../sink-world.conformance.ts'
import type { WindowSpec } from './window.ts'

/** The source's columns; its topic has two partitions. */
export const SOURCE_COLUMNS: readonly Column[] = [
  { name: 'time', type: 'integer', nullable: false },
  { name: 'msg', type: 'text', nullable: true },
  { name: 'user', type: 'text', nullable: true },
  { name: 'n', type: 'double', nullable: true },
]

/** One log on disk, opened any number of times. */
export interface WindowPlace {
  /** The clock of log and stream. */
  readonly clock: MovableClock
  open(spec: WindowSpec, seam?: (name: StepSeam) => void | Promise<void>): Promise<OpenWindowPlace>
  remove(): Promise<void>
}

export interface OpenWindowPlace {
  readonly log: Log
  readonly from: string
  readonly to: string
  readonly stream: DerivedStream
  close(): Promise<void>
  /** Lets the log go without closing the stream, as the end of the process would. */
  abandon(): Promise<void>
}

export const WORDS: WindowSpec = {
  sizeMs: 10_000,
  latenessMs: 0,
  idleMs: 5_000,
  aheadMs: 86_400_000,
  eventTime: 'time',
  keys: [],
  aggregates: {
    words: { kind: 'sum', of: { field: 'msg', as: 'words' } },
    rows: { kind: 'count' },
  },
  empty: 'none',
}

/** A whole multiple of every window of the suite, at the place where its clocks begin. */
export const T0 = Date.UTC(2026, 0, 1)

const encoder = new TextEncoder()

export interface Event {
  /** Seconds after T0. */
  readonly at: number
  readonly msg?: string
  readonly user?: string
  readonly n?: number
  readonly partition?: number
}

export function recordOf({ at, partition = 0, ...fields }: Event): NewRecord {
  const value = JSON.stringify({ time: T0 + at * 1_000, ...fields })
  return { key: null, value: encoder.encode(value), headers: [], timestamp: T0, partition }
}

export async function send(open: OpenWindowPlace, events: readonly Event[]): Promise<void> {
  await open.log.append(open.from, events.map(recordOf))
}

export interface Result {
  readonly id: string
  /** Seconds after T0. */
  readonly start: number
  readonly fields: Readonly<Record<string, unknown>>
}

/** In the order in which they were given out. */
export async function results({ log, to }: OpenWindowPlace): Promise<Result[]> {
  const found: Result[] = []
  for await (const { records } of log.read(to, 0, 0)) {
    for (const { value, headers } of records) {
      const { window_start, window_end, ...fields } = JSON.parse(
        Buffer.from(value ?? []).toString(),
      ) as Record<string, string>
      const start = Date.parse(window_start ?? '')
      assert.ok(Date.parse(window_end ?? '') > start)
      found.push({ id: readEnvelope(headers).id ?? '', start: (start - T0) / 1_000, fields })
    }
  }
  return found
}

/** `[start, words]` of each result. */
export async function words(open: OpenWindowPlace): Promise<(readonly [number, unknown])[]> {
  return (await results(open)).map(({ start, fields }) => [start, fields['words']] as const)
}

/** Event time goes on by itself when all partitions are quiet: lets `ms` pass in steps that the stream sees. */
export async function pass(place: WindowPlace, open: OpenWindowPlace, ms: number): Promise<void> {
  await open.stream.settle()
  place.clock.advance(ms)
  await open.stream.settle()
}

/** Runs a check in two new places and removes them. */
export async function inTwoPlaces(
  makePlace: () => Promise<WindowPlace>,
  body: (place: WindowPlace, other: WindowPlace) => Promise<void>,
): Promise<void> {
  const places = [await makePlace(), await makePlace()] as const
  try {
    await body(...places)
  } finally {
    for (const place of places) await place.remove()
  }
}
