/** What the log's suite needs of the driver that it checks, and a few ways to write and read records. */
import type { LogRecord, NewRecord, ConformanceCheck } from '../core/index.ts'
import type { Log } from './log.ts'

/** One empty log of its own for each check. */
export interface LogWorld {
  open(): Promise<Log>
  /**
   * Between writing and reading: the same log, or that log after a crash. The suite runs once as it is, and for drivers
   * that can crash once more with a crash at each of these places.
   */
  settle(log: Log): Promise<Log>
  /** Ends `log` as a killed process would and opens it again. Absent where the driver cannot. */
  crash?(log: Log): Promise<Log>
  /** Changes a stored byte of the record at `offset`, closes and opens again. Absent where the driver cannot. */
  damage?(log: Log, topic: string, partition: number, offset: number): Promise<Log>
  /** Lets time pass: the log's clock, wall and monotonic. */
  advance(ms: number): void
  /** Wall-clock time of the log. */
  now(): number
  /** Removes everything. */
  dispose(): Promise<void>
}

export type MakeLogWorld = () => Promise<LogWorld>

/** Runs in a world of its own, which goes afterwards. */
export const inWorld =
  (make: MakeLogWorld) =>
  (
    guarantee: string,
    name: string,
    run: (world: LogWorld, log: Log) => Promise<void>,
  ): ConformanceCheck => ({
    guarantee,
    name,
    async run() {
      const world = await make()
      try {
        await run(world, await world.open())
      } finally {
        await world.dispose()
      }
    },
  })

export type MakeCheck = ReturnType<typeof inWorld>

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const bytes = (text: string): Uint8Array => encoder.encode(text)
export const text = (value: Uint8Array | null | undefined): string | null =>
  value == null ? null : decoder.decode(value)

export const record = (value: string | null, more: Partial<NewRecord> = {}): NewRecord => ({
  key: null,
  value: value === null ? null : bytes(value),
  headers: [],
  timestamp: 1_700_000_000_000,
  ...more,
})

export const numbered = (count: number, more: Partial<NewRecord> = {}, from = 0): NewRecord[] =>
  Array.from({ length: count }, (_, index) => record(`v${from + index}`, more))

/** All records of a partition from `from` to its end. */
export async function readAll(
  log: Log,
  topic: string,
  partition = 0,
  from?: number,
): Promise<LogRecord[]> {
  const start = from ?? (await log.topic(topic)).partitions[partition]!.earliest
  const records: LogRecord[] = []
  for await (const batch of log.read(topic, partition, start)) records.push(...batch.records)
  return records
}

export const valuesOf = (records: readonly NewRecord[]): (string | null)[] =>
  records.map((record) => text(record.value))

/** True for an error with this code. */
export const coded =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof Error && 'code' in error && error.code === code
