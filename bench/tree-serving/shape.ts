/** What is asked in both benchmarks of serving trees: columns by name and rows as bodies. */
import { makeRows } from '../made-rows.ts'

export const COLUMNS = 28
const ASKED_ROWS = 1_000

export const names: readonly string[] = Array.from(
  { length: COLUMNS },
  (_, j) => `x${String(j).padStart(2, '0')}`,
)

let bodies: readonly string[] | undefined

/** A row as the JSON body of a request; after a thousand they come again. */
export function bodyOf(request: number): string {
  bodies ??= makeBodies()
  return bodies[request % bodies.length]!
}

function makeBodies(): string[] {
  const { values } = makeRows(ASKED_ROWS, COLUMNS, 2)
  return Array.from({ length: ASKED_ROWS }, (_, r) =>
    JSON.stringify(Object.fromEntries(names.map((name, j) => [name, values[r * COLUMNS + j]!]))),
  )
}
