/**
 * The rows of a table with the largest products with a query, exactly: a scan of an 8-bit copy finds what can be among
 * them, and only that is multiplied out. Row y = s q + e with q whole numbers of 8 bits, query x = t p + f with p of 14:
 *
 *   |x · y − s t (q · p)| ≤ ‖e‖ ‖x‖ + ‖s q‖ ‖f‖ ≤ ‖e‖ ‖x‖ + (‖y‖ + ‖e‖) ‖f‖      (Cauchy–Schwarz)
 *
 * so a row whose approximate product plus this bound stays below the worst of `limit` rows found so far cannot be one of
 * them. Rows lie by descending norm: the scan ends where ‖x‖ ‖y‖ does not reach that worst one any more.
 */
import { MAX_PAGES, openModule, PAGE, webAssembly } from '../webassembly.ts'
import { createBestList } from './best-list.ts'

export interface TopN {
  /** Descending product, ties by ascending row; at most `limit`. `accept` is asked of candidates only. */
  search(
    query: Float32Array,
    limit: number,
    accept?: (row: number) => boolean,
  ): { readonly rows: Int32Array; readonly scores: Float64Array }
  /** Which implementation runs. */
  readonly runs: 'wasm' | 'typescript'
}

interface ScanExports {
  scan(
    rows: number,
    scales: number,
    errors: number,
    norms: number,
    stride: number,
    from: number,
    to: number,
    query: number,
    queryScale: number,
    queryNorm: number,
    queryError: number,
    threshold: number,
    out: number,
  ): number
}

/** Most of a row's 8 bits, and of a query's 14: the sum of 1,024 products stays below 2³¹. */
const ROW_MOST = 127
const QUERY_MOST = 8_191
/** Rows of the first step; the next ones are as many as all before, up to the last. */
const FIRST_STEP = 256
const LAST_STEP = 16_384
/** Relative: far above the rounding of the singles that bounds are computed in, far below the bounds. */
const ROUNDING = 1e-6
const SINGLES_END = 1e36

/** `values`: rows × d, row-major, d ≤ 1,024, finite; kept and read, not to be changed. */
export function createTopN(values: Float32Array, d: number): TopN {
  return createWasmTopN(values, d) ?? createPlainTopN(values, d)
}

/** Every row multiplied out: the reference. */
export function createPlainTopN(values: Float32Array, d: number): TopN {
  return {
    runs: 'typescript',
    search(query, limit, accept = () => true) {
      const best = createBestList(limit)
      for (let row = 0; row * d < values.length; row++) {
        const score = product(values, row * d, query)
        if (score >= best.least && accept(row)) best.offer(row, score)
      }
      return best.take()
    },
  }
}

function product(values: Float32Array, from: number, query: Float32Array): number {
  let sum = 0
  for (let f = 0; f < query.length; f++) sum += values[from + f]! * query[f]!
  return sum
}

/** Undefined where the module was not built, or the 8-bit copy would pass 4 GiB. */
function createWasmTopN(values: Float32Array, d: number): TopN | undefined {
  const module = openModule('scan')
  const rows = values.length / d
  if (module === undefined || d > 1_024) return undefined
  const places = layOut(rows, d)
  const pages = Math.ceil(places.bytes / PAGE)
  if (pages > MAX_PAGES) return undefined
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages })
  const kernels = new webAssembly.Instance(module, { env: { memory } }).exports as ScanExports
  const table = fillTable(memory.buffer, places, values, d)
  const queryCodes = new Int16Array(memory.buffer, places.query, places.stride)
  const foundRows = new Int32Array(memory.buffer, places.found, 2 * LAST_STEP)
  const foundBounds = new Float32Array(memory.buffer, places.found, 2 * LAST_STEP)
  const { order, norms } = table
  const plain = createPlainTopN(values, d)
  return {
    runs: 'wasm',
    search(query, limit, accept = () => true) {
      const { scale, norm, error } = encodeQuery(query, queryCodes)
      // Bounds are singles: beyond their range nothing can be ruled out.
      if (!(norms[0]! * norm < SINGLES_END)) return plain.search(query, limit, accept)
      const best = createBestList(Math.min(limit, rows))
      for (let from = 0; from < rows;) {
        if (norms[from]! * norm * (1 + ROUNDING) < best.least) break
        const step = Math.min(LAST_STEP, Math.max(FIRST_STEP, from))
        const to = Math.min(places.padded, from + step)
        const found = kernels.scan(
          places.rows,
          places.scales,
          places.errors,
          places.norms,
          places.stride,
          from,
          to,
          places.query,
          scale,
          norm * (1 + ROUNDING),
          error,
          below(best.least),
          places.found,
        )
        for (let at = 0; at < 2 * found; at += 2) {
          if (foundBounds[at + 1]! < below(best.least) || foundRows[at]! >= rows) continue
          const row = order[foundRows[at]!]!
          const score = product(values, row * d, query)
          // Most fall short by a little; asking who may be in the list takes longer than the product.
          if (score >= best.least && accept(row)) best.offer(row, score)
        }
        from = to
      }
      return best.take()
    },
  }
}

/** A single at most as large; for numbers near the smallest singles too. */
const below = (value: number): number => Math.fround(value - Math.abs(value) * ROUNDING - 1e-36)

function layOut(rows: number, d: number) {
  const stride = Math.ceil(d / 8) * 8
  const padded = Math.ceil(rows / 4) * 4
  let end = 0
  const place = (bytes: number): number => {
    const at = end
    end = Math.ceil((end + bytes) / 64) * 64
    return at
  }
  return {
    stride,
    padded,
    query: place(stride * 2),
    found: place(LAST_STEP * 8),
    scales: place(padded * 4),
    errors: place(padded * 4),
    norms: place(padded * 4),
    rows: place(padded * stride),
    bytes: end,
  }
}

function fillTable(
  buffer: ArrayBuffer,
  places: ReturnType<typeof layOut>,
  values: Float32Array,
  d: number,
): { readonly order: Int32Array; readonly norms: Float32Array } {
  const rows = values.length / d
  const length = Float64Array.from({ length: rows }, (_, row) => {
    const own = values.subarray(row * d, (row + 1) * d)
    return Math.sqrt(product(own, 0, own))
  })
  const order = Int32Array.from(length.keys()).toSorted((a, b) => length[b]! - length[a]! || a - b)
  const scales = new Float32Array(buffer, places.scales, places.padded)
  const errors = new Float32Array(buffer, places.errors, places.padded)
  const norms = new Float32Array(buffer, places.norms, places.padded)
  const codes = new Int8Array(buffer, places.rows, places.padded * places.stride)
  for (const [at, row] of order.entries()) {
    let largest = 0
    for (let f = 0; f < d; f++) largest = Math.max(largest, Math.abs(values[row * d + f]!))
    const scale = Math.fround(largest / ROW_MOST)
    let squares = 0
    for (let f = 0; f < d; f++) {
      const value = values[row * d + f]!
      const code = scale === 0 ? 0 : clip(Math.round(value / scale), ROW_MOST)
      codes[at * places.stride + f] = code
      squares += (value - scale * code) ** 2
    }
    scales[at] = scale
    const error = Math.sqrt(squares)
    errors[at] = above(error + ROUNDING * length[row]!)
    norms[at] = above(length[row]! + error)
  }
  return { order, norms }
}

/** A single at least as large; for numbers near the smallest singles too. */
const above = (value: number): number => Math.fround(value * (1 + ROUNDING) + 1e-44)

const clip = (code: number, most: number): number => Math.max(-most, Math.min(most, code))

/** Writes the codes; norm of the query, and of what the codes leave of it. */
function encodeQuery(query: Float32Array, codes: Int16Array) {
  let largest = 0
  for (let f = 0; f < query.length; f++) largest = Math.max(largest, Math.abs(query[f]!))
  const scale = Math.fround(largest / QUERY_MOST)
  let [squares, rest] = [0, 0]
  for (let f = 0; f < query.length; f++) {
    const value = query[f]!
    const code = scale === 0 ? 0 : clip(Math.round(value / scale), QUERY_MOST)
    codes[f] = code
    squares += value * value
    rest += (value - scale * code) ** 2
  }
  return { scale, norm: Math.sqrt(squares), error: above(Math.sqrt(rest)) }
}
