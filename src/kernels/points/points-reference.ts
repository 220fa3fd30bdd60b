/** The plain reading of `Points`: what the WebAssembly twin must equal, bit for bit. */
import { squaredDistance } from '../distances.ts'
import { eachRange, rangesOf } from '../pool/ranges.ts'
import { strideOf } from './points-memory.ts'
import { addParts } from './points-sums.ts'
import type { Points, PointsShape } from './points.ts'

export function createReferencePoints(shape: PointsShape): Points {
  const { rows, columns } = shape
  const stride = strideOf(columns)
  const values = new Float32Array(rows * stride)
  const weights = new Float64Array(rows).fill(1)
  const cluster = new Int32Array(rows)
  const distance = new Float64Array(rows)
  const width = stride + 2
  let centers = new Float64Array(0)
  let count = 0
  let parts: Float64Array[] = []
  const row = new Float64Array(stride)
  const distanceTo = (r: number, c: number): number => {
    for (let j = 0; j < stride; j++) row[j] = values[r * stride + j]!
    return squaredDistance(row, 0, centers, c * stride, stride)
  }
  const nearest = (r: number): number => {
    let [best, found] = [Infinity, 0]
    for (let c = 0; c < count; c++) {
      const d = distanceTo(r, c)
      if (d < best) [best, found] = [d, c]
    }
    return found
  }
  const setCenters = (next: Float64Array): void => {
    count = columns === 0 ? 1 : next.length / columns
    centers = new Float64Array(count * stride)
    for (let c = 0; c < count; c++) {
      centers.set(next.subarray(c * columns, (c + 1) * columns), c * stride)
    }
  }
  return {
    rows,
    columns,
    stride,
    values,
    weights,
    cluster,
    distance,
    runs: 'typescript',
    setCenters,
    moveCenters: setCenters,
    assign(from, to) {
      for (let r = from; r < to; r++) cluster[r] = nearest(r)
    },
    measure(from, to) {
      for (let r = from; r < to; r++) distance[r] = distanceTo(r, cluster[r]!)
    },
    addUp(from, to) {
      eachRange(from, to, rangesOf(to - from, stride), (first, last, range) => {
        const part = (parts[range] ??= new Float64Array(count * width))
        for (let r = first; r < last; r++) {
          const at = cluster[r]! * width
          const v = weights[r]!
          for (let j = 0; j < stride; j++) part[at + j]! += v * values[r * stride + j]!
          part[at + stride]! += v
          part[at + stride + 1]! += 1
        }
      })
    },
    takeSums() {
      const sums = addParts(parts, count, columns, stride)
      parts = []
      return sums
    },
    weigh(costs, from, to) {
      eachRange(from, to, rangesOf(to - from, stride * count), (first, last) => {
        const part = new Float64Array(count)
        for (let r = first; r < last; r++) {
          for (let c = 0; c < count; c++) {
            const d = distanceTo(r, c)
            part[c]! += weights[r]! * (d < distance[r]! ? d : distance[r]!)
          }
        }
        for (let c = 0; c < count; c++) costs[c]! += part[c]!
      })
    },
    lower(center, from, to) {
      for (let r = from; r < to; r++) {
        const d = distanceTo(r, center)
        if (d < distance[r]!) distance[r] = d
      }
    },
    close() {},
  }
}
