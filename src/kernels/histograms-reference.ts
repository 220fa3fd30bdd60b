/** The plain reading of `GradientHistograms`: what the WebAssembly twin must equal. */
import type { GradientHistograms, HistogramShape } from './histograms.ts'

export function createReferenceHistograms(shape: HistogramShape): GradientHistograms {
  const { rows, columnBins, slots } = shape
  const columns = columnBins.length
  const columnStart = startsOf(columnBins)
  const cells = columnStart[columns]! * 3
  const bins = new Uint8Array(rows * columns)
  const order = new Int32Array(rows)
  const gradients = new Float64Array(rows)
  const hessians = new Float64Array(rows)
  const rounded = new Float64Array(rows * 2)
  const histograms = Array.from({ length: slots }, () => new Float64Array(cells))
  return {
    bins,
    order,
    gradients,
    hessians,
    columnStart,
    runs: 'typescript',
    quantize(scales, from, to) {
      for (let r = from; r < to; r++) {
        rounded[2 * r] = Math.round(gradients[r]! * scales.gradient)
        rounded[2 * r + 1] = Math.round(hessians[r]! * scales.hessian)
      }
    },
    clear(slot) {
      histograms[slot]!.fill(0)
    },
    add(slot, from, to) {
      const histogram = histograms[slot]!
      for (let i = from; i < to; i++) {
        const row = order[i]!
        for (let j = 0; j < columns; j++) {
          const cell = (columnStart[j]! + bins[row * columns + j]!) * 3
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
    partition(column, isLeft, from, to) {
      const right: number[] = []
      let left = from
      for (let i = from; i < to; i++) {
        const row = order[i]!
        if (isLeft[bins[row * columns + column]!] === 1) {
          order[left] = row
          left += 1
        } else right.push(row)
      }
      order.set(right, left)
      return left - from
    },
  }
}

/** Running sums of the bins; one more than columns, the last is the total. */
export function startsOf(columnBins: readonly number[]): Int32Array {
  const starts = new Int32Array(columnBins.length + 1)
  columnBins.forEach((count, j) => (starts[j + 1] = starts[j]! + count))
  return starts
}
