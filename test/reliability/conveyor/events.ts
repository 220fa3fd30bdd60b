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
  { name: 'at', type: 'integer', nullable: false },
]
/** Noon of five days, so that a batch lies in several of them. */
const FIRST_DAY = Date.UTC(2018, 11, 29, 12)
const DAY_MS = 86_400_000
export const DAYS = ['2018-12-29', '2018-12-30', '2018-12-31', '2019-01-01', '2019-01-02']
/** What a later version of an app declares besides. */
export const EXTRA: Column = { name: 'extra', type: 'text', nullable: true }

export const numberAt = (partition: number, offset: number): number =>
  offset * PARTITIONS + partition

/** Bytes that are no UTF-8, and the end of their text and event. */
const INVALID_END = Buffer.from([0xff, 0xfe, 0x22, 0x7d])

const timeOf = (n: number): number => FIRST_DAY + (n % DAYS.length) * DAY_MS
export const kindOf = (n: number): string | undefined => (n % 3 === 0 ? undefined : `k/${n % 2}`)

/** An event of that time with these fields and no others. */
const text = (n: number, fields: object): string => JSON.stringify({ at: timeOf(n), ...fields })

/** What is no row of the table, each for one reason. */
const BAD: readonly ((n: number) => string | Uint8Array)[] = [
  (n) => `bad ${n}`,
  (n) => text(n, { n: String(n) }),
  (n) => text(n, { kind: `k/${n}` }),
  (n) => text(n, { n: null }),
  (n) => text(n, { n: n + 0.5 }),
  (n) => `{"at":${timeOf(n)},"n":92233720368547758080}`,
  (n) => JSON.stringify([n]),
  () => '',
  (n) => Buffer.concat([Buffer.from(`${text(n, { n }).slice(0, -1)},"kind":"`), INVALID_END]),
  (n) => text(n, { m: n, kind: 'renamed' }),
  (n) => text(n, { n, kind: { of: n } }),
  (n) => text(n, { n }).slice(0, -1),
]
export const isBad = (n: number): boolean => n % 11 === 0

/** The bytes of event `n`. Fields that no column has come and go. */
export function bytesOf(n: number): Uint8Array {
  if (isBad(n)) return Buffer.from(BAD[(n / 11) % BAD.length]!(n))
  const extra = n % 7 === 0 ? extraOf(n) : undefined
  return Buffer.from(text(n, { n, kind: kindOf(n), extra }))
}

export const extraOf = (n: number): string => `extra ${n}`

export const eventAt = (partition: number, offset: number): NewRecord => {
  const n = numberAt(partition, offset)
  return { key: null, value: bytesOf(n), headers: [], timestamp: TIME + n, partition }
}
