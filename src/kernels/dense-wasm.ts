/**
 * `DenseMatrix` on WebAssembly SIMD (`wasm/dense.as.ts`, built into `build/dense.wasm`). Every matrix has a memory of its
 * own: the matrix first, then room for one vector or gram matrix, then room for one range of rows. The memory never grows, so
 * `values` stays valid, and goes with the matrix.
 */
import type { DenseMatrix } from './dense-matrix.ts'
import { MAX_PAGES, openModule, PAGE, webAssembly, type WebAssemblyModule } from './webassembly.ts'

interface DenseExports {
  multiply(values: number, columns: number, rows: number, vector: number, out: number): void
  addTransposed(values: number, columns: number, rows: number, scale: number, out: number): void
  addGram(values: number, columns: number, rows: number, scale: number, gram: number): void
  nearest(
    values: number,
    columns: number,
    rows: number,
    centers: number,
    count: number,
    index: number,
    distance: number,
  ): void
}

/** Rows that go through the memory at once: 64 KiB of results. */
const STRIP = 8_192
/** Bytes for the small operand: a vector, a gram matrix or a group of centers. */
const OPERAND_MIN = PAGE

const align = (bytes: number): number => Math.ceil(bytes / 16) * 16

/** What lies where in the memory of one matrix; undefined when it would be larger than a memory can be (4 GiB). */
function layOut(module: WebAssemblyModule, rows: number, columns: number) {
  const operandAt = align(rows * columns * 8)
  const operandBytes = Math.max(OPERAND_MIN, align(columns * columns * 8))
  const firstAt = operandAt + operandBytes
  const secondAt = firstAt + STRIP * 8
  const pages = Math.ceil((secondAt + STRIP * 8) / PAGE)
  if (pages > MAX_PAGES) return undefined
  const memory = new webAssembly.Memory({ initial: pages, maximum: MAX_PAGES })
  const instance = new webAssembly.Instance(module, { env: { memory } })
  return {
    dense: instance.exports as DenseExports,
    values: new Float64Array(memory.buffer, 0, rows * columns),
    operandAt,
    operand: new Float64Array(memory.buffer, operandAt, operandBytes / 8),
    /** Results or scales of one strip, and cluster indices of one. */
    firstAt,
    first: new Float64Array(memory.buffer, firstAt, STRIP),
    secondAt,
    second: new Int32Array(memory.buffer, secondAt, STRIP),
  }
}

/** Cuts a range into strips: first row, number of rows, position in the caller's arrays. */
function eachStrip(
  from: number,
  to: number,
  run: (row: number, count: number, at: number) => void,
): void {
  for (let row = from; row < to; row += STRIP) run(row, Math.min(STRIP, to - row), row - from)
}

/** Undefined when the module was not built or the matrix does not fit into one WebAssembly memory. */
export function createWasmMatrix(rows: number, columns: number): DenseMatrix | undefined {
  const module = openModule('dense')
  const place = module && layOut(module, rows, columns)
  if (!place) return undefined
  const { dense, values, operandAt, operand, firstAt, first, secondAt, second } = place
  const rowAt = (row: number): number => row * columns * 8
  return {
    rows,
    columns,
    values,
    runs: 'wasm',
    multiply(vector, out, from, to) {
      operand.set(vector)
      eachStrip(from, to, (row, count, at) => {
        dense.multiply(rowAt(row), columns, count, operandAt, firstAt)
        out.set(first.subarray(0, count), at)
      })
    },
    addTransposed(scale, out, from, to) {
      operand.set(out)
      eachStrip(from, to, (row, count, at) => {
        first.set(scale.subarray(at, at + count))
        dense.addTransposed(rowAt(row), columns, count, firstAt, operandAt)
      })
      out.set(operand.subarray(0, columns))
    },
    addGram(scale, gram, from, to) {
      operand.set(gram)
      eachStrip(from, to, (row, count, at) => {
        first.set(scale.subarray(at, at + count))
        dense.addGram(rowAt(row), columns, count, firstAt, operandAt)
      })
      gram.set(operand.subarray(0, columns * columns))
    },
    nearest(centers, count, index, distance, from, to) {
      // More centers than the operand holds go in groups; a later group wins only where it is nearer.
      const perGroup = Math.max(1, Math.floor(operand.length / columns))
      for (let group = 0; group < count; group += perGroup) {
        const size = Math.min(perGroup, count - group)
        operand.set(centers.subarray(group * columns, (group + size) * columns))
        eachStrip(from, to, (row, rowCount, at) => {
          dense.nearest(rowAt(row), columns, rowCount, operandAt, size, secondAt, firstAt)
          for (let i = 0; i < rowCount; i++) {
            if (group > 0 && !(first[i]! < distance[at + i]!)) continue
            distance[at + i] = first[i]!
            index[at + i] = second[i]! + group
          }
        })
      }
    },
  }
}
