/**
 * Which rows train, test and gate (design D19, D20). Membership is a function of the row's place in the log, so it never
 * changes: a hash of salt, partition and offset, computed by the same MD5 in SQL and here.
 */
import { createHash } from 'node:crypto'
import type { OffsetRange } from '../core/index.ts'

/** Share of rows that no version ever trains on. */
const GATE_SHARE = 0.1
const TEST_SHARE = 0.2
const BUCKETS = 10_000

/** SQL expression for the bucket of a row, 0 to 9,999. `md5_number_lower` is the digest's last eight bytes, little-endian. */
const bucketSql = (salt: string): string =>
  `(md5_number_lower('${salt}:' || _partition || ':' || _offset) % ${BUCKETS})`

const gateSalt = (table: string): string => `gate:${table}`
const testSalt = (seed: number): string => `test:${seed}`

export const gateSql = (table: string): string =>
  `(${bucketSql(gateSalt(table))} < ${BUCKETS * GATE_SHARE})`

/** Rows of the seeded random test set, gate rows left out by the caller. */
export const testSql = (seed: number): string =>
  `(${bucketSql(testSalt(seed))} < ${BUCKETS * TEST_SHARE})`

/** Rows inside offset ranges. Empty ranges match nothing. */
export function rangesSql(ranges: readonly OffsetRange[]): string {
  if (ranges.length === 0) return '(false)'
  const parts = ranges.map(
    (range) =>
      `(_partition = ${range.partition} and _offset between ${range.first} and ${range.last})`,
  )
  return `(${parts.join(' or ')})`
}

/** Whether a row belongs to the gate set; equal to `gateSql`. */
export function isGateRow(table: string, partition: number, offset: number): boolean {
  const digest = createHash('md5')
    .update(`${gateSalt(table)}:${partition}:${offset}`)
    .digest()
  return Number(digest.readBigUInt64LE(8) % BigInt(BUCKETS)) < BUCKETS * GATE_SHARE
}

/**
 * The default test rows: the last 20 % of each entity's rows, in the order given (event time). An entity with fewer than
 * five rows has none.
 *
 * @param entities key per row; rows without a key never test
 * @param among rows that take part (the gate rows do not)
 */
export function timeSplit(
  entities: readonly (string | null)[],
  among: (row: number) => boolean,
): Uint8Array {
  const counts = new Map<string, number>()
  for (const [row, entity] of entities.entries()) {
    if (entity !== null && among(row)) counts.set(entity, (counts.get(entity) ?? 0) + 1)
  }
  const seen = new Map<string, number>()
  const test = new Uint8Array(entities.length)
  for (const [row, entity] of entities.entries()) {
    if (entity === null || !among(row)) continue
    const position = (seen.get(entity) ?? 0) + 1
    seen.set(entity, position)
    const count = counts.get(entity) ?? 0
    if (position > count - Math.floor(count * TEST_SHARE)) test[row] = 1
  }
  return test
}
