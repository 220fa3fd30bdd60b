/**
 * Made-up rows for the learners: independent normal columns and a label that needs products, steps and sums of them. The same
 * seed gives the same rows. Values are singles, so that a peer in single precision learns from the same ones.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '../src/kernels/index.ts'
import type { Dataset } from '../src/models/index.ts'

export interface MadeRows {
  readonly rows: number
  readonly columns: number
  /** rows × columns, row-major. */
  readonly values: Float32Array
  /** 0 or 1. */
  readonly label: Uint8Array
}

export function makeRows(rows: number, columns: number, seed: number): MadeRows {
  const random = createRandom(seed)
  const values = new Float32Array(rows * columns)
  const label = new Uint8Array(rows)
  for (let r = 0; r < rows; r++) {
    const row = values.subarray(r * columns, (r + 1) * columns)
    for (let j = 0; j < columns; j++) row[j] = random.gaussian()
    label[r] = Number(random.uniform() < 1 / (1 + Math.exp(-scoreOf(row))))
  }
  return { rows, columns, values, label }
}

/** Uses the first eight columns; the others are noise. */
function scoreOf(row: Float32Array): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = row
  return (
    0.5 * (a + b + a * b) +
    Math.sin(2 * c) +
    (d > 0.5 && e > 0 ? 1.5 : 0) +
    0.7 * f -
    0.5 * Math.abs(g) +
    0.3 * h
  )
}

/** Rows around `centers` points, each as likely; the label says nothing. */
export function makeClusteredRows(
  rows: number,
  columns: number,
  centers: number,
  seed: number,
): MadeRows {
  const random = createRandom(seed)
  const middle = Float64Array.from({ length: centers * columns }, () => 2 * random.gaussian())
  const values = new Float32Array(rows * columns)
  for (let r = 0; r < rows; r++) {
    const center = random.int(centers) * columns
    for (let j = 0; j < columns; j++) {
      values[r * columns + j] = middle[center + j]! + random.gaussian()
    }
  }
  return { rows, columns, values, label: new Uint8Array(rows) }
}

export function datasetOf({ rows, columns, values, label }: MadeRows): Dataset {
  const names = Array.from({ length: columns }, (_, j) => `x${String(j).padStart(4, '0')}`)
  return {
    matrix: { names, rows, values: Float64Array.from(values) },
    categories: [],
    label: Float64Array.from(label),
  }
}

/** As `<name>.f32` and `<name>.u8`, for numpy. */
export function writeRows(folder: string, name: string, { values, label }: MadeRows): void {
  writeFileSync(join(folder, `${name}.f32`), values)
  writeFileSync(join(folder, `${name}.u8`), label)
}
