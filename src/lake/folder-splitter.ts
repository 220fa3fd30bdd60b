/** Cuts the rows of a batch by the folders of their partition columns. */
import type { Cell, ColumnarRows } from '../core/index.ts'
import { commonFolder, partitionFolder } from './partition-folder.ts'

/**
 * Most folders of one batch. Whoever partitions by something with thousands of values has a file for every few rows, and
 * each costs some milliseconds: the rows of further values go to the common folder, so a batch always ends.
 */
export const MAX_BATCH_FOLDERS = 1_000

export interface FolderSplitter {
  /** In the order of the folders' names; the common folder, empty, when there is no row. */
  split(rows: ColumnarRows): [folder: string, rows: ColumnarRows][]
  /** Rows so far whose folder was one too many. */
  rowsBeyondLimit(): number
}

/** One splitter serves one batch, piece after piece: the limit counts its folders, first come, so a replay cuts alike. */
export function folderSplitter(
  names: readonly string[],
  maxFolders: number = MAX_BATCH_FOLDERS,
): FolderSplitter {
  if (names.length === 0) return { split: (rows) => [['', rows]], rowsBeyondLimit: () => 0 }
  const common = commonFolder(names)
  const known = new Set<string>()
  let beyond = 0
  const choose = (values: readonly Cell[]): string => {
    const folder = partitionFolder(names, values)
    if (known.size < maxFolders) known.add(folder)
    if (known.has(folder)) return folder
    beyond++
    return common
  }
  const split = (rows: ColumnarRows): [string, ColumnarRows][] => {
    const columns = names.map(
      (name) => rows.values[rows.columns.findIndex((column) => column.name === name)] ?? [],
    )
    const places = new Map<string, number[]>()
    for (let row = 0; row < rows.length; row++) {
      const folder = choose(columns.map((column) => column[row] ?? null))
      const place = places.get(folder)
      if (place) place.push(row)
      else places.set(folder, [row])
    }
    if (places.size === 0) return [[common, rows]]
    return [...places]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([folder, at]) => [folder, pick(rows, at)])
  }
  return { split, rowsBeyondLimit: () => beyond }
}

const pick = ({ columns, values }: ColumnarRows, at: readonly number[]): ColumnarRows => ({
  columns,
  length: at.length,
  values: values.map((column) => at.map((row) => column[row] ?? null)),
})
