/**
 * Alternating least squares over a sparse matrix, on WebAssembly SIMD and many threads (`wasm/als.shared.as.ts`; the plain
 * TypeScript of the same is `als-reference.ts`). One half-step, for fixed y, solves for every row u of the other side
 *
 *   (g YᵀY + p_u I + Σ_e a_e y_e y_eᵀ) x_u = Σ_e b_e y_e
 *
 * over the entries e of the row; a_e and b_e are linear in the value of the entry, which covers implicit feedback (weights,
 * g > 0) and explicit ratings (a = 1, b = value, g = 0). Exactly by Cholesky, or by a few steps of conjugate gradients from
 * the present x (Takács, Pilászy and Tikk, "Applications of the conjugate gradient method for implicit feedback
 * collaborative filtering", RecSys 2011). Knows nothing of users or items.
 */
import { openThreadPool, type ThreadPool } from '../pool/thread-pool.ts'
import { checkAlsFits, GRAM_PARTS, layOutAls } from './als-memory.ts'
import type { SparseMatrix } from './sparse-matrix.ts'
import { transpose } from './sparse-matrix.ts'

export type Side = 'rows' | 'columns'

/** scale · value + shift. */
export interface Linear {
  readonly scale: number
  readonly shift: number
}

export interface HalfStep {
  /** Which factors are solved for; the others are fixed. */
  readonly side: Side
  /** g ≥ 0: weight of the square of every product, also those without an entry. */
  readonly gramWeight: number
  /** a of an entry, ≥ 0. */
  readonly square: Linear
  /** b of an entry. */
  readonly target: Linear
  /** p ≥ 0, one per row of the side. */
  readonly penalty: ArrayLike<number>
  /** Steps of conjugate gradients, or the exact solution. */
  readonly method: { readonly gradientSteps: number } | 'cholesky'
  /** 0 to 1. */
  readonly onProgress?: (done: number) => void
}

export interface AlsSolver {
  /** Singles between two rows of factors; what is beyond `factors` in a row is 0. */
  readonly stride: number
  /** rows × stride, row-major, zero at first; the caller sets the start. Valid until `close`. */
  readonly rows: Float32Array
  /** columns × stride. */
  readonly columns: Float32Array
  /**
   * A row without entries gets zeros, and so does one whose system has no unique solution in single precision. The same bits
   * for any number of threads. Rejects with the signal's reason, or KERNEL_THREAD_LOST.
   */
  solve(step: HalfStep): Promise<void>
  close(): Promise<void>
}

export interface AlsOptions {
  readonly factors: number
  readonly threads: number
  readonly signal?: AbortSignal | undefined
}

/** Throws KERNEL_TOO_LARGE (`alsBytes` tells the need before), KERNEL_MISSING. */
export function openAls(matrix: SparseMatrix, options: AlsOptions): AlsSolver {
  const shape = { ...options, ...matrix, entries: matrix.column.length }
  checkAlsFits(shape)
  const { stride, places, pool: sizes } = layOutAls(shape)
  const pool = openThreadPool({ module: 'als', ...sizes, signal: options.signal })
  const sides = {
    rows: fillSide(pool, matrix, places.rows, stride),
    columns: fillSide(pool, transpose(matrix), places.columns, stride),
  }
  const addGram = async (of: FilledSide): Promise<void> => {
    const { gram, parts, job } = places
    writeJob(pool, job, [stride, 0, 0, 0, 0, 0, of.at.factors, gram, 0, [0, 0, 0, 0], parts])
    const bounds = evenBounds(of.rows, GRAM_PARTS)
    const work = of.rows * stride * stride
    await pool.run({ kernel: 'addGram', job, bounds }, { work })
  }
  return {
    stride,
    rows: sides.rows.factors,
    columns: sides.columns.factors,
    async solve(step) {
      const target = sides[step.side]
      const source = sides[step.side === 'rows' ? 'columns' : 'rows']
      if (step.gramWeight > 0) await addGram(source)
      sumGram(pool, places, stride, step.gramWeight)
      target.penalty.set(Float32Array.from(step.penalty))
      const steps = step.method === 'cholesky' ? 0 : step.method.gradientSteps
      const { square: a, target: b } = step
      writeJob(pool, places.job, [
        stride,
        steps,
        target.at.start,
        target.at.column,
        target.at.value,
        target.at.factors,
        source.at.factors,
        places.gram,
        target.at.penalty,
        [a.scale, a.shift, b.scale, b.shift],
        places.parts,
      ])
      const cost = costOf(step.method, stride)
      const { bounds, work } = boundsByCost(target.start, cost)
      const kernel = step.method === 'cholesky' ? 'solveByCholesky' : 'solveByGradient'
      await pool.run(
        { kernel, job: places.job, bounds },
        { work, ...(step.onProgress && { onProgress: step.onProgress }) },
      )
    },
    close: () => pool.close(),
  }
}

type Places = ReturnType<typeof layOutAls>['places']
type FilledSide = ReturnType<typeof fillSide>

function fillSide(
  { buffer }: ThreadPool,
  matrix: SparseMatrix,
  at: Places['rows'],
  stride: number,
) {
  const start = new Int32Array(buffer, at.start, matrix.rows + 1)
  start.set(matrix.start)
  new Int32Array(buffer, at.column, matrix.column.length).set(matrix.column)
  new Float32Array(buffer, at.value, matrix.value.length).set(matrix.value)
  return {
    at,
    rows: matrix.rows,
    start,
    factors: new Float32Array(buffer, at.factors, matrix.rows * stride),
    penalty: new Float32Array(buffer, at.penalty, matrix.rows),
  }
}

/** The fields of a job in their order; the list in the middle are singles. */
function writeJob(
  { buffer }: ThreadPool,
  job: number,
  fields: readonly (number | readonly number[])[],
): void {
  const view = new DataView(buffer, job)
  let at = 0
  for (const field of fields) {
    if (typeof field === 'number') {
      view.setUint32(at, field, true)
      at += 4
      continue
    }
    for (const single of field) {
      view.setFloat32(at, single, true)
      at += 4
    }
  }
}

/** Adds the parts up in double precision and makes both triangles: gram = weight · Σ parts. */
function sumGram({ buffer }: ThreadPool, places: Places, stride: number, weight: number): void {
  const size = stride * stride
  const gram = new Float32Array(buffer, places.gram, size)
  if (weight === 0) {
    gram.fill(0)
    return
  }
  const parts = new Float32Array(buffer, places.parts, GRAM_PARTS * size)
  for (let i = 0; i < stride; i++) {
    for (let j = i; j < stride; j++) {
      let sum = 0
      for (let part = i * stride + j; part < parts.length; part += size) sum += parts[part]!
      gram[i * stride + j] = weight * sum
      gram[j * stride + i] = weight * sum
    }
  }
}

/** Operations of a row, of an entry, by method. */
function costOf(method: HalfStep['method'], d: number): { row: number; entry: number } {
  if (method === 'cholesky') return { row: (d * d * d) / 3 + 4 * d * d, entry: d * d + 8 * d }
  return { row: 2 * d * d * (method.gradientSteps + 1), entry: 4 * d * (method.gradientSteps + 2) }
}

function evenBounds(rows: number, parts: number): Int32Array {
  return Int32Array.from({ length: parts + 1 }, (_, part) => Math.floor((rows * part) / parts))
}

/** Ranges of one task: enough that a thread which is late at the end is late by little. */
const RANGES = 512

/** Cuts rows into ranges of about equal cost. */
function boundsByCost(start: Int32Array, cost: { row: number; entry: number }) {
  const rows = start.length - 1
  const work = rows * cost.row + start[rows]! * cost.entry
  const bounds = [0]
  for (let u = 1; u <= rows; u++) {
    const before = u * cost.row + start[u]! * cost.entry
    if (u === rows || before >= (work / RANGES) * bounds.length) bounds.push(u)
  }
  return { bounds: Int32Array.from(bounds), work }
}
