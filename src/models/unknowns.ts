/** Collects, per row, the names of inputs that were unknown or missing (guarantee M6). */
import type { Unknown } from './model.ts'

export interface UnknownCollector {
  add(row: number, name: string): void
  readonly rows: Unknown
}

export function collectUnknowns(rows: number): UnknownCollector {
  // A million rows at once are quicker filled than made one by one.
  const names = new Array<string[] | undefined>(rows).fill(undefined)
  return {
    add(row, name) {
      const sofar = names[row]
      if (sofar) sofar.push(name)
      else names[row] = [name]
    },
    rows: names,
  }
}
