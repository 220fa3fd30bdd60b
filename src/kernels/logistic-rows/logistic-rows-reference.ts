/** The plain reading of `LogisticRows`: what the WebAssembly twin must equal, bit for bit. */
import { dot } from '../distances.ts'
import { eachRange, rangesOf } from '../pool/ranges.ts'
import { HEAD, strideOf, workOf } from './logistic-rows-memory.ts'
import { takeParts } from './logistic-rows-sums.ts'
import type { LogisticRows, LogisticRowsShape } from './logistic-rows.ts'
import { decay, logOfOnePlus } from './loss.ts'

export function createReferenceLogisticRows(shape: LogisticRowsShape): LogisticRows {
  const { rows, columns, levels } = shape
  const stride = strideOf(columns)
  const values = new Float64Array(rows * stride)
  const labels = new Float64Array(rows)
  const weights = new Float64Array(rows).fill(1)
  const starts = new Uint32Array(rows + 1)
  const entries = new Uint32Array(shape.entries)
  const at = new Float64Array(stride + levels)
  let intercept = 0
  let parts: Float64Array[] = []
  const addRow = (part: Float64Array, r: number, isOdd: number): void => {
    let s = intercept + dot(values, r * stride, at, 0, stride)
    for (let e = starts[r]!; e < starts[r + 1]!; e++) s += at[stride + entries[e]!]!
    const t = decay(s)
    const p = (s < 0 ? t : 1) / (1 + t)
    const [y, v] = [labels[r]!, weights[r]!]
    part[isOdd]! += v * (Math.max(s, 0) + logOfOnePlus(t) - y * s)
    const error = v * (p - y)
    part[2]! += error
    for (let j = 0; j < stride; j++) part[HEAD + j]! += error * values[r * stride + j]!
    for (let e = starts[r]!; e < starts[r + 1]!; e++) part[HEAD + stride + entries[e]!]! += error
  }
  return {
    stride,
    values,
    labels,
    weights,
    starts,
    entries,
    runs: 'typescript',
    setPoint(point) {
      intercept = point[0]!
      at.set(point.subarray(1, 1 + columns))
      at.set(point.subarray(1 + columns), stride)
    },
    add(from, to) {
      eachRange(from, to, rangesOf(to - from, workOf(stride)), (first, last, range) => {
        const part = (parts[range] ??= new Float64Array(HEAD + stride + levels))
        for (let r = first; r < last; r++) addRow(part, r, (r - first) & 1)
      })
    },
    take(slopes) {
      const loss = takeParts(parts, columns, stride, slopes)
      parts = []
      return loss
    },
    close() {},
  }
}
