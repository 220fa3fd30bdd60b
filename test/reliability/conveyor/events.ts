/**
 * The stream of the B tests: what lies at an offset follows from it alone, so whoever reads a row or a letter knows what it
 * must be. One event in eleven has no row, in twelve ways.
 */
import type { Column, NewRecord } from '../../../src/core/index.ts'

export const TOPIC = 'numbers'
export const PARTITIONS = 4
const TIME = Date.UTC(2026, 0, 2)

export const COLUMNS: readonly Column[] = [
  { name: 'n', type: 'integer', nullable: false },
  { name: 'kind', type: 'text', nullable: true },
]
/** What a later version of an app declares besides. */
export const EXTRA: Column = { name: 'extra', type: 'text', nullable: true }

export const numberAt = (partition: number, offset: number): number =>
  offset * PARTITIONS + partition

/** Texts that are no row of the table; each holds its number where it can. */
const BAD: readonly ((n: number) => string | Uint8Array)[] = [
  (n) => `bad ${n}`,
  (n) => JSON.stringify({ n: String(n) }),
  (n) => JSON.stringify({ kind: `k/${n}` }),
  () => JSON.stringify({ n: null }),
  (n) => JSON.stringify({ n: n + 0.5 }),
  () => '{"n":92233720368547758080}',
  (n) => JSON.stringify([n]),
  () => '',
  (n) => Buffer.concat([Buffer.from(`{"n":${n},"kind":"`), Buffer.from([0xff, 0xfe, 0x22, 0x7d])]),
  (n) => JSON.stringify({ m: n, kind: 'renamed' }),
  (n) => JSON.stringify({ n, kind: { of: n } }),
  (n) => `{"n":${n}`,
]
export const KINDS_OF_BAD = BAD.length

export const isBad = (n: number): boolean => n % 11 === 0

/** The bytes of event `n`. Fields that no column has come and go. */
export function bytesOf(n: number): Uint8Array {
  if (isBad(n)) return Buffer.from(BAD[(n / 11) % BAD.length]!(n))
  const kind = n % 3 === 0 ? {} : { kind: `k/${n % 5}` }
  const extra = n % 7 === 0 ? { extra: extraOf(n) } : {}
  return Buffer.from(JSON.stringify({ n, ...kind, ...extra }))
}

export const extraOf = (n: number): string => `extra ${n}`

export const eventAt = (partition: number, offset: number): NewRecord => {
  const n = numberAt(partition, offset)
  return { key: null, value: bytesOf(n), headers: [], timestamp: TIME + n, partition }
}
