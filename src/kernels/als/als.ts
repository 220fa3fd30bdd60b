/**
 * Alternating least squares over a sparse matrix, on WebAssembly SIMD and many threads (`wasm/als.shared.as.ts`; the plain
 * TypeScript of the same is `als-reference.ts`). One half-step, for fixed y, solves for every row u of the other side
 *
 *   (g YᵀY + p_u I + Σ_e a_e y_e y_eᵀ) x_u = Σ_e b_e y_e
 *
 * over the entries e of the row; a_e and b_e are linear in the value of the entry, both times its weight if it has one, which
 * covers implicit feedback (confidences, g > 0) and explicit ratings (a = 1, b = value, g = 0). Exactly by Cholesky, or by a few steps of conjugate gradients from
 * the present x (Takács, Pilászy and Tikk, "Applications of the conjugate gradient method for implicit feedback
 * collaborative filtering", RecSys 2011). Knows nothing of users or items.
 */
import { openThreadPool, type ThreadPool } from '../pool/thread-pool.ts'
import { checkAlsFits, GRAM_PARTS, layOutAls } from './als-memory.ts'
import { symmetricEigen } from '../symmetric-eigen.ts'
import { fillTables, type SideTable } from './als-tables.ts'
import type { SparseMatrix } from './sparse-matrix.ts'

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
  /** a of an entry before its weight, ≥ 0. */
  readonly square: Linear
  /** b of an entry before its weight. */
  readonly target: Linear
  /** p ≥ 0, one per row of the side. */
  readonly penalty: ArrayLike<number>
  /** Steps of conjugate gradients, or the exact solution. */
  readonly method: { readonly gradientSteps: number } | 'cholesky'
  /** 0 to 1. */
  readonly onProgress?: (done: number) => void
}

export interface AlsSolver {
  /** The start of a side, zeros before: rows × factors, row-major. */
  write(side: Side, values: Float32Array): void
  /**
   * A copy of the factors of a side. Half-steps turn both sides together into other bases of the same lengths and angles:
   * products of rows stay, single numbers do not.
   */
  read(side: Side): Float32Array
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
  /**
   * Rows alone will be solved for: the matrix is kept in one orientation, and after a half-step both sides are in the basis in
   * which they were written, so that rows that are elsewhere can stay there.
   */
  readonly only?: 'rows'
}

/** Throws KERNEL_TOO_LARGE (`alsBytes` tells the need before), KERNEL_MISSING. */
export function openAls(matrix: SparseMatrix, options: AlsOptions): AlsSolver {
  const { rows, columns, column, weight } = matrix
  const shape = {
    ...options,
    rows,
    columns,
    entries: column.length,
    isWeighted: weight !== undefined,
  }
  checkAlsFits(shape)
  const { stride, places, pool: sizes } = layOutAls(shape)
  const work = column.length * stride * stride
  const pool = openThreadPool({ module: 'als', ...sizes, work, signal: options.signal })
  const sides = fillTables(pool.buffer, places, matrix, stride, options.only)
  const { factors, only } = options
  return {
    write(side, values) {
      const { order, factors: table } = sides[side]
      for (const [place, row] of order.entries()) {
        table.set(values.subarray(row * factors, (row + 1) * factors), place * stride)
      }
    },
    read(side) {
      const { order, factors: table } = sides[side]
      const values = new Float32Array(order.length * factors)
      for (const [place, row] of order.entries()) {
        values.set(table.subarray(place * stride, place * stride + factors), row * factors)
      }
      return values
    },
    async solve(step) {
      if (only !== undefined && step.side !== only) throw new TypeError('these rows are fixed')
      const target = sides[step.side]
      const source = sides[step.side === 'rows' ? 'columns' : 'rows']
      const memory = { pool, places, stride, factors }
      const vectors = await makeDiagonal(memory, step, source, target)
      for (const [place, row] of target.order.entries()) target.penalty[place] = step.penalty[row]!
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
        places.spectrum,
        target.at.penalty,
        [a.scale, a.shift, b.scale, b.shift],
        0,
        0,
        target.at.weight,
      ])
      const cost = costOf(step.method, stride)
      const { bounds, work } = boundsByCost(target.start, cost)
      const kernel = step.method === 'cholesky' ? 'solveByCholesky' : 'solveByGradient'
      await pool.run(
        { kernel, job: places.job, bounds },
        { work, ...(step.onProgress && { onProgress: step.onProgress }) },
      )
      if (only !== undefined && vectors !== undefined) {
        await turn(memory, transposed(vectors, factors), [source, target])
      }
    },
    close: () => pool.close(),
  }
}

type Places = ReturnType<typeof layOutAls>['places']
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

interface Memory {
  readonly pool: ThreadPool
  readonly places: Places
  readonly stride: number
  readonly factors: number
}

/**
 * Turns both tables into the basis in which the gram matrix of the source is diagonal: no system then needs a product with
 * it, and its diagonal is close to the whole, which is what conjugate gradients and short rows live on. Resolves with the
 * vectors of that basis.
 */
async function makeDiagonal(
  memory: Memory,
  { gramWeight, method }: HalfStep,
  source: SideTable,
  target: SideTable,
): Promise<Float64Array | undefined> {
  const { pool, places, stride, factors } = memory
  const spectrum = new Float32Array(pool.buffer, places.spectrum, stride).fill(0)
  if (gramWeight === 0) return undefined
  writeSide(memory, source)
  const bounds = evenBounds(source.rows, GRAM_PARTS, 1)
  const work = source.rows * stride * stride
  await pool.run({ kernel: 'addGram', job: places.job, bounds }, { work })
  const { values, vectors } = symmetricEigen(sumGram(memory), factors)
  // Rounding may leave a value below 0.
  for (let k = 0; k < factors; k++) spectrum[k] = gramWeight * Math.max(0, values[k]!)
  // An exact solution starts from nothing.
  await turn(memory, vectors, method === 'cholesky' ? [source] : [source, target])
  return vectors
}

/** Tables, in place, into the basis of these vectors. */
async function turn(
  memory: Memory,
  vectors: Float64Array,
  tables: readonly SideTable[],
): Promise<void> {
  const { pool, places, stride } = memory
  writeBasis(memory, vectors)
  for (const table of tables) {
    writeSide(memory, table)
    const bounds = evenBounds(table.rows, RANGES, TURNED)
    const work = table.rows * stride * stride
    await pool.run({ kernel: 'turn', job: places.job, bounds }, { work })
  }
}

/** A job that is about one table. */
function writeSide({ pool, places, stride }: Memory, { at }: SideTable): void {
  const none = [0, 0, 0, 0]
  const fields = [stride, 0, 0, 0, 0, 0, at.factors, 0, 0, none, places.parts, places.basis]
  writeJob(pool, places.job, fields)
}

function transposed(matrix: Float64Array, size: number): Float64Array {
  return matrix.map((_, at) => matrix[(at % size) * size + Math.floor(at / size)]!)
}

/** The parts, upper triangles in single precision, added up in double precision: factors × factors, both triangles. */
function sumGram({ pool, places, stride, factors }: Memory): Float64Array {
  const size = stride * stride
  const gram = new Float64Array(factors * factors)
  const parts = new Float32Array(pool.buffer, places.parts, GRAM_PARTS * size)
  for (let i = 0; i < factors; i++) {
    for (let j = i; j < factors; j++) {
      let sum = 0
      for (let part = i * stride + j; part < parts.length; part += size) sum += parts[part]!
      gram[i * factors + j] = sum
      gram[j * factors + i] = sum
    }
  }
  return gram
}

/** Vectors as columns, 8 columns after another; beyond `factors` zeros. */
function writeBasis({ pool, places, stride, factors }: Memory, vectors: Float64Array): void {
  const basis = new Float32Array(pool.buffer, places.basis, stride * stride).fill(0)
  for (let column = 0; column < factors; column++) {
    const block = (column & ~7) * stride + (column & 7)
    for (let row = 0; row < factors; row++)
      basis[block + row * 8] = vectors[column * factors + row]!
  }
}

/** Operations of a row, of an entry, by method. */
function costOf(method: HalfStep['method'], d: number): { row: number; entry: number } {
  if (method === 'cholesky') return { row: (d * d * d) / 3 + 4 * d * d, entry: d * d + 8 * d }
  return { row: 16 * d * (method.gradientSteps + 1), entry: 4 * d * (method.gradientSteps + 2) }
}

/** About equal ranges, each a multiple of `of` rows but the last. */
function evenBounds(rows: number, parts: number, of: number): Int32Array {
  return Int32Array.from({ length: parts + 1 }, (_, part) =>
    part === parts ? rows : Math.floor((rows * part) / parts / of) * of,
  )
}

/** As TURNED in `wasm/als/basis.as.ts`. */
const TURNED = 16
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
