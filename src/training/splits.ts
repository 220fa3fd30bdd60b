/**
 * Which rows train, test and gate (design D19, D20). Membership is a function of the row's place in the log, so it never
 * changes: a hash of salt, partition and offset, computed by the same MD5 in SQL and here.
 */
import { createHash } from 'node:crypto'
import type { OffsetRange } from '../core/index.ts'

/** Share of rows that no version ever trains on. */
const GATE_SHARE = 0.1
export const TEST_SHARE = 0.2
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
export const isGateRow = (table: string, partition: number, offset: number): boolean =>
  bucketOf(gateSalt(table), `${partition}:${offset}`) < BUCKETS * GATE_SHARE

/** Whether a key is of a share of all keys: the same ones for ever. */
export const inShare = (salt: string, key: string, share: number): boolean =>
  bucketOf(salt, key) < BUCKETS * share

/** Which of `folds` parts a key is in, 0 to folds − 1. */
export const foldOf = (salt: string, key: string, folds: number): number =>
  Math.floor((bucketOf(salt, key) * folds) / BUCKETS)

/** Rows of one of `folds` random parts. */
export const foldSql = (seed: number, fold: number, folds: number): string =>
  `((${bucketSql(`fold:${seed}`)} * ${folds}) // ${BUCKETS} = ${fold})`

/** Equal to `bucketSql` for a row's place as the key. */
function bucketOf(salt: string, key: string): number {
  const digest = createHash('md5').update(`${salt}:${key}`).digest()
  return Number(digest.readBigUInt64LE(8) % BigInt(BUCKETS))
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
