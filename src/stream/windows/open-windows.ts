/** A window that is open: what was folded into it, and what it gives when it closes. */
import type { Cell, Column } from '../../core/index.ts'
import { addValue, emptyPart, mergePart, resultOf, type Part } from './aggregates.ts'
import type { WindowSpec } from './window.ts'
import type { ResultGroup } from './window-result.ts'
import { isWholeValue, type WindowRow } from './window-rows.ts'

/** The first record of a partition in a window, and the partition's newest event time before it. */
interface First {
  readonly offset: number
  readonly carry: number | null
}

interface Group {
  readonly keys: readonly Cell[]
  /** By partition, in the order of the aggregates. */
  readonly parts: Map<number, Part[]>
}

export interface OpenWindow {
  readonly firsts: Map<number, First>
  readonly groups: Map<string, Group>
}

export function addRow(window: OpenWindow, { partition, keys, values }: WindowRow): void {
  const name = JSON.stringify(keys.map(String))
  const group: Group = window.groups.get(name) ?? { keys, parts: new Map() }
  window.groups.set(name, group)
  const parts = group.parts.get(partition) ?? values.map(emptyPart)
  group.parts.set(partition, parts)
  for (const [index, value] of values.entries()) addValue(parts[index] ?? emptyPart(), value)
}

/**
 * The groups of a window, by key, or the one result of a window without a record. Parts are merged in the order of the
 * partitions, so that sums of doubles are the same however the partitions were read.
 */
export function createWindowResults(
  spec: WindowSpec,
  columns: readonly Column[],
): (window: OpenWindow | undefined) => ResultGroup[] {
  const aggregates = Object.values(spec.aggregates)
  const isWhole = aggregates.map((of) => of.kind !== 'count' && isWholeValue(of.of, columns))
  const finish = (parts: readonly Part[]): (number | null)[] =>
    aggregates.map((of, index) =>
      resultOf(of, parts[index] ?? emptyPart(), isWhole[index] === true),
    )
  return (window) => {
    if (!window) return [{ keys: [], values: finish([]) }]
    return [...window.groups]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { keys, parts }]) => {
        const merged = aggregates.map(emptyPart)
        for (const [, of] of [...parts].toSorted(([a], [b]) => a - b)) {
          for (const [index, part] of of.entries()) mergePart(merged[index] ?? emptyPart(), part)
        }
        return { keys, values: finish(merged) }
      })
  }
}
