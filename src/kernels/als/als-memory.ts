/**
 * What lies where in the memory of one ALS: both orientations of the matrix (16 bytes an entry, with weights 24), the factors of both sides,
 * a basis, the parts of a gram matrix, penalties, and per thread a scratch. Counted before anything is allocated.
 */
import { kernelError } from '../errors.ts'
import { POOL_LIMIT, poolBytes } from '../pool/thread-pool.ts'

export interface AlsShape {
  readonly rows: number
  readonly columns: number
  readonly entries: number
  /** d ≥ 1. */
  readonly factors: number
  readonly threads: number
  /** Entries have weights. */
  readonly isWeighted?: boolean
  /** Rows alone will be solved for: columns have factors and no entries. */
  readonly only?: 'rows' | undefined
}

/** Ranges that a gram matrix is summed up in; fixed, so that its bits do not depend on the threads. */
export const GRAM_PARTS = 32
/** As COPY_BYTES in `wasm/als/gradient.as.ts`. */
const COPY_BYTES = 8_388_608
/** Bytes of a job, see `wasm/als/job.as.ts`. */
const JOB_BYTES = 64
/** The lowest addresses stay unused. */
const FIRST = 1_024

/** Singles between two rows of factors: whole pairs of vectors. */
export const strideOf = (factors: number): number => Math.ceil(factors / 8) * 8

/** Byte addresses, and the bytes of all. */
export function layOutAls(shape: AlsShape) {
  const { rows, columns, entries, factors, threads, isWeighted = false, only } = shape
  const stride = strideOf(factors)
  const longest = Math.min(entries, Math.max(rows, columns))
  let end = FIRST
  const place = (bytes: number): number => {
    const at = end
    // A gap: kernels may read, not use, a vector past an end.
    end = Math.ceil((end + bytes) / 64) * 64 + 64
    return at
  }
  const side = (count: number, own: number) => ({
    start: place((count + 1) * 4),
    column: place(own * 4),
    value: place(own * 4),
    /** 0: none. */
    weight: isWeighted ? place(own * 4) : 0,
    // Whole groups of four rows.
    factors: place(Math.ceil(count / 4) * 4 * stride * 4),
    penalty: place(count * 4),
  })
  const places = {
    job: place(JOB_BYTES),
    rows: side(rows, entries),
    columns: side(columns, only === 'rows' ? 0 : entries),
    spectrum: place(stride * 4),
    basis: place(stride * stride * 4),
    parts: place(GRAM_PARTS * stride * stride * 4),
  }
  const copies = Math.min(COPY_BYTES, (longest + 8) * stride * 4) + 32 * stride
  const forGradient = 28 * stride + 12 * (longest + 8) + copies + 1_024
  const forCholesky =
    stride * stride * 4 + Math.max(stride * stride * 4, 16_384) + 96 * stride + 4_096
  const forTurn = 64 * stride
  const pool = { bytes: end, scratchBytes: Math.max(forGradient, forCholesky, forTurn), threads }
  return { stride, places, pool, totalBytes: poolBytes(pool) }
}

/** Most bytes of the shared memory of an ALS. */
export const alsBytes = (shape: AlsShape): number => layOutAls(shape).totalBytes

/** Throws KERNEL_TOO_LARGE with the need in bytes and what would fit. */
export function checkAlsFits(shape: AlsShape): void {
  const bytes = alsBytes(shape)
  if (bytes <= POOL_LIMIT) return
  throw kernelError(
    'KERNEL_TOO_LARGE',
    `factors of ${shape.rows} rows, ${shape.columns} columns and ${shape.entries} entries at ${shape.factors} factors need ${bytes} bytes, a WebAssembly memory has ${POOL_LIMIT}: ${remedy(shape)}`,
    { details: { bytes, limit: POOL_LIMIT } },
  )
}

function remedy(shape: AlsShape): string {
  const fits = (change: Partial<AlsShape>): boolean =>
    alsBytes({ ...shape, ...change }) <= POOL_LIMIT
  const factors = largest(shape.factors, (d) => fits({ factors: d }))
  if (factors > 0) return `set factors to ${factors} or less`
  const entries = largest(shape.entries, (count) => fits({ factors: 8, entries: count }))
  if (entries > 0) return `train on at most ${entries} entries at 8 factors`
  return 'train on fewer rows and columns'
}

/** The largest n from 1 to `most` that fits, 0 when none does. */
function largest(most: number, fits: (n: number) => boolean): number {
  let [low, high] = [0, most]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}
