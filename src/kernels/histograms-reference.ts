/** The plain reading of `GradientHistograms`: what the WebAssembly twin must equal. */
import type { Scales } from './histogram-scales.ts'
import { logistic, roundToEven } from './logistic.ts'
import type { Cut, CutRules, GradientHistograms, HistogramShape } from './histograms.ts'

export function createReferenceHistograms(shape: HistogramShape): GradientHistograms {
  const { rows, columnBins, slots } = shape
  const columns = columnBins.length
  const columnStart = startsOf(columnBins)
  const cells = columnStart[columns]! * 3
  const bins = new Uint8Array(rows * columns)
  const { rounded, ...ofRows } = openRows(rows)
  const { order } = ofRows
  const histograms = Array.from({ length: slots }, () => new Float64Array(cells))
  return {
    ...ofRows,
    bins,
    columnStart,
    runs: 'typescript',
    binValues({ values, width, positions, from }, limits) {
      limits.forEach((own, j) => {
        for (let at = positions[j]!, r = from; at < values.length; at += width, r++) {
          bins[j * rows + r] = binOfValue(own, values[at]!)
        }
      })
    },
    pack() {},
    clear(slot) {
      histograms[slot]!.fill(0)
    },
    add(slot, from, to) {
      const histogram = histograms[slot]!
      for (let i = from; i < to; i++) {
        const row = order[i]!
        for (let j = 0; j < columns; j++) {
          const cell = (columnStart[j]! + bins[j * rows + row]!) * 3
          histogram[cell] = histogram[cell]! + rounded[2 * row]!
          histogram[cell + 1] = histogram[cell + 1]! + rounded[2 * row + 1]!
          histogram[cell + 2] = histogram[cell + 2]! + 1
        }
      }
    },
    subtract(parent, child, out) {
      const [a, b, c] = [histograms[parent]!, histograms[child]!, histograms[out]!]
      for (let i = 0; i < cells; i++) c[i] = a[i]! - b[i]!
    },
    read: (slot) => histograms[slot]!,
    missingRows: (slot, column) => histograms[slot]![columnStart[column]! * 3 + 2]!,
    bestCut(slot, wantedColumns, wanted, least) {
      let best: Cut | undefined
      for (const column of Array.from(wantedColumns)) {
        const [start, end] = [columnStart[column]! * 3, columnStart[column + 1]! * 3]
        const cells = histograms[slot]!.subarray(start, end)
        best = bestCut(cells, column, wanted, best?.score ?? least) ?? best
      }
      return best
    },
    partition(column, isLeft, from, to) {
      const right: number[] = []
      let left = from
      for (let i = from; i < to; i++) {
        const row = order[i]!
        if (isLeft[bins[column * rows + row]!] === 1) {
          order[left] = row
          left += 1
        } else right.push(row)
      }
      order.set(right, left)
      return left - from
    },
    close() {},
  }
}

/** What there is of each row beside its bins, and its gradient and hessian in whole numbers. */
function openRows(rows: number) {
  const order = new Int32Array(rows)
  const gradients = new Float64Array(rows)
  const hessians = new Float64Array(rows)
  const scores = new Float64Array(rows)
  const labels = new Float64Array(rows)
  const weights = new Float64Array(rows)
  const rounded = new Float64Array(rows * 2)
  return {
    order,
    gradients,
    hessians,
    scores,
    labels,
    weights,
    rounded,
    quantize(scales: Scales, from: number, to: number) {
      for (let r = from; r < to; r++) {
        rounded[2 * r] = roundToEven(gradients[r]! * scales.gradient)
        rounded[2 * r + 1] = roundToEven(hessians[r]! * scales.hessian)
      }
    },
    deriveLogistic(scales: Scales, from: number, to: number) {
      for (let r = from; r < to; r++) {
        const p = logistic(scores[r]!)
        const v = weights[r]!
        rounded[2 * r] = roundToEven(v * (p - labels[r]!) * scales.gradient)
        rounded[2 * r + 1] = roundToEven(v * p * (1 - p) * scales.hessian)
      }
    },
    addToScores(step: number, from: number, to: number) {
      for (let i = from; i < to; i++) scores[order[i]!] = scores[order[i]!]! + step
    },
  }
}

/** `cells`: those of one column. */
function bestCut(
  cells: Float64Array,
  column: number,
  wanted: CutRules,
  least: number,
): Cut | undefined {
  const { lambda, minRows, minHessian } = wanted
  const [missingGradient, missingHessian, missingRows] = cells as unknown as [
    number,
    number,
    number,
  ]
  const part = (gradient: number, weight: number): number =>
    weight > 0 ? (gradient * gradient) / weight : 0
  let best: Cut | undefined
  let before = { gradient: 0, hessian: 0, rows: 0 }
  for (let at = 3; at < cells.length; at += 3) {
    if (cells[at + 2] === 0) continue
    before = {
      gradient: before.gradient + cells[at]!,
      hessian: before.hessian + cells[at + 1]!,
      rows: before.rows + cells[at + 2]!,
    }
    for (const isMissingLeft of missingRows > 0 ? [false, true] : [false]) {
      const gradient = before.gradient + (isMissingLeft ? missingGradient : 0)
      const hessian = before.hessian + (isMissingLeft ? missingHessian : 0)
      const rows = before.rows + (isMissingLeft ? missingRows : 0)
      if (rows < minRows || wanted.rows - rows < minRows) continue
      if (hessian < minHessian || wanted.hessian - hessian < minHessian) continue
      const score =
        part(gradient, hessian + lambda) +
        part(wanted.gradient - gradient, wanted.hessian - hessian + lambda)
      if (!(score > (best?.score ?? least))) continue
      best = { column, score, bin: at / 3, isMissingLeft, gradient, hessian, rows }
    }
  }
  return best
}

/** 0 for what is not finite, else 1 + the number of limits (ascending) below x. */
export function binOfValue(limits: Float64Array, x: number): number {
  if (!Number.isFinite(x)) return 0
  let low = 0
  let length = limits.length
  while (length > 0) {
    const half = length >> 1
    if (limits[low + half]! < x) {
      low += half + 1
      length -= half + 1
    } else length = half
  }
  return low + 1
}

/** Running sums of the bins; one more than columns, the last is the total. */
export function startsOf(columnBins: readonly number[]): Int32Array {
  const starts = new Int32Array(columnBins.length + 1)
  columnBins.forEach((count, j) => (starts[j + 1] = starts[j]! + count))
  return starts
}
