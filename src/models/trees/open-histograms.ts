/** The histograms that trees of some data grow from: threads, how many there are at once, what they need. */
import { availableParallelism } from 'node:os'
import { createHistograms, histogramBytes, type GradientHistograms } from '../../kernels/index.ts'
import type { Dataset } from '../model.ts'
import type { Pacer } from '../pacer.ts'
import { columnBins, fillBins, type TreeColumns } from './tree-columns.ts'

/** Bytes of histograms that are held at once, at most. */
const POOL_BYTES = 2 ** 28
const CELL_BYTES = 16

export interface TreeHistograms {
  readonly histograms: GradientHistograms
  readonly slots: number
}

/** With the bins of all rows in them. To be closed. */
export async function openHistograms(
  columns: TreeColumns,
  data: Dataset,
  maxLeaves: number,
  pacer: Pacer,
): Promise<TreeHistograms> {
  const bins = columnBins(columns)
  const slots = slotsFor(bins, maxLeaves)
  const histograms = createHistograms({
    rows: data.matrix.rows,
    columnBins: bins,
    slots,
    threads: availableParallelism(),
    inputColumns: data.matrix.names.length,
  })
  try {
    await fillBins(columns, data, histograms, pacer)
  } catch (error) {
    histograms.close()
    throw error
  }
  return { histograms, slots }
}

/** Categories that are declared without being features of their own count as columns too. */
const MORE_COLUMNS = 2
/** Of a row beside the histograms: label, weight and order of rows, twice where they are drawn. */
const ROW_BYTES = 40
/** Of a level: its text and its bin. */
const LEVEL_BYTES = 120

/** Most memory of learning trees of so many leaves. */
export function treeBytes(
  rows: number,
  features: number,
  levels: number,
  maxLeaves: number,
): number {
  const bins = Array.from({ length: features + MORE_COLUMNS }, () => 256)
  const threads = availableParallelism()
  const shape = { rows, columnBins: bins, slots: slotsFor(bins, maxLeaves), threads }
  return (
    histogramBytes({ ...shape, inputColumns: features }) + rows * ROW_BYTES + levels * LEVEL_BYTES
  )
}

/** As many histograms as a tree of so many leaves can use, or as many as fit; at least two. */
function slotsFor(bins: readonly number[], maxLeaves: number): number {
  const bytes = bins.reduce((sum, count) => sum + count, 0) * CELL_BYTES
  return Math.max(2, Math.min(maxLeaves + 1, Math.floor(POOL_BYTES / bytes)))
}
