/** What is asked in both benchmarks of serving trees: columns by name and rows as bodies. */
import { makeRows } from '../made-rows.ts'

export const COLUMNS = 28
const ASKED_ROWS = 1_000

export const names: readonly string[] = Array.from(
  { length: COLUMNS },
  (_, j) => `x${String(j).padStart(2, '0')}`,
)

/** Rows as the JSON bodies of requests, taken in turn. */
export function bodies(): readonly string[] {
  const { values } = makeRows(ASKED_ROWS, COLUMNS, 2)
  return Array.from({ length: ASKED_ROWS }, (_, r) =>
    JSON.stringify(Object.fromEntries(names.map((name, j) => [name, values[r * COLUMNS + j]!]))),
  )
}
