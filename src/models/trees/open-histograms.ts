/** The histograms that trees of some data grow from: threads, how many there are at once, what they need. */
import { availableParallelism } from 'node:os'
import { createHistograms, type GradientHistograms } from '../../kernels/index.ts'
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

/** As many histograms as a tree of so many leaves can use, or as many as fit; at least two. */
function slotsFor(bins: readonly number[], maxLeaves: number): number {
  const bytes = bins.reduce((sum, count) => sum + count, 0) * CELL_BYTES
  return Math.max(2, Math.min(maxLeaves + 1, Math.floor(POOL_BYTES / bytes)))
}
