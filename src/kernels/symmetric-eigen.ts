/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to a tridiagonal one, then implicit QL steps
 * (Golub and Van Loan, "Matrix Computations", 4th edition, sections 8.3.1 and 8.3.3). Plain double precision, so the same
 * bits on every machine. About 8 n³ operations.
 */

export interface SymmetricEigen {
  /** n, in no order. */
  readonly values: Float64Array
  /** n × n, row-major: row k is the vector of the k-th value, of norm 1, at right angles to the others. */
  readonly vectors: Float64Array
}

/** More steps for one value have never been needed for finite numbers. */
const MOST_STEPS = 60

/** `matrix`: n × n, both triangles, not changed. Of a matrix with NaN or ∞ nothing is promised but an end. */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const a = matrix.slice()
  const reflections = reduce(a, n)
  const vectors = product(reflections, n)
  const values = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!)
  const beside = Float64Array.from({ length: n }, (_, i) => (i + 1 < n ? a[i * n + i + 1]! : 0))
  diagonalize(values, beside, vectors)
  return { values, vectors }
}

/** Makes `a` tridiagonal; row k of what it answers is the unit vector v of the k-th reflection I − 2 v vᵀ, or zeros. */
function reduce(a: Float64Array, n: number): Float64Array {
  const reflections = new Float64Array(n * n)
  const q = new Float64Array(n)
  for (let k = 0; k + 2 < n; k++) {
    const v = reflections.subarray(k * n, (k + 1) * n)
    let squares = 0
    for (let i = k + 1; i < n; i++) {
      v[i] = a[k * n + i]!
      squares += v[i]! * v[i]!
    }
    const rest = squares - v[k + 1]! * v[k + 1]!
    if (!(rest > 0)) {
      v.fill(0)
      continue
    }
    const norm = Math.sqrt(squares)
    const becomes = v[k + 1]! > 0 ? -norm : norm
    v[k + 1]! -= becomes
    const length = Math.sqrt(rest + v[k + 1]! * v[k + 1]!)
    for (let i = k + 1; i < n; i++) v[i]! /= length
    reflectBothSides(a, n, k + 1, v, q)
    a[k * n + k + 1] = becomes
  }
  return reflections
}

/** A ← H A H for the part of A from `from` on: A − v qᵀ − q vᵀ with q = 2 (A v − (vᵀ A v) v). */
function reflectBothSides(
  a: Float64Array,
  n: number,
  from: number,
  v: Float64Array,
  q: Float64Array,
): void {
  let inner = 0
  for (let i = from; i < n; i++) {
    let sum = 0
    for (let j = from; j < n; j++) sum += a[i * n + j]! * v[j]!
    q[i] = sum
    inner += sum * v[i]!
  }
  for (let i = from; i < n; i++) q[i] = 2 * (q[i]! - inner * v[i]!)
  for (let i = from; i < n; i++) {
    const vi = v[i]!
    const qi = q[i]!
    for (let j = from; j < n; j++) a[i * n + j]! -= vi * q[j]! + qi * v[j]!
  }
}

/** The transpose of the product of all reflections, from the last one back: rows are what the columns of the product are. */
function product(reflections: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n)
  for (let i = 0; i < n; i++) result[i * n + i] = 1
  // (H₀ H₁ …)ᵀ = … H₁ H₀: each row is reflected, the last reflection first.
  for (let k = n - 3; k >= 0; k--) {
    const v = reflections.subarray(k * n, (k + 1) * n)
    for (let row = k + 1; row < n; row++) {
      let sum = 0
      for (let j = k + 1; j < n; j++) sum += result[row * n + j]! * v[j]!
      if (sum === 0) continue
      for (let j = k + 1; j < n; j++) result[row * n + j]! -= 2 * sum * v[j]!
    }
  }
  return result
}

/** QL steps with Wilkinson's shift; turns the rows of `vectors` along. `values` and `beside`: the tridiagonal matrix. */
function diagonalize(values: Float64Array, beside: Float64Array, vectors: Float64Array): void {
  const n = values.length
  for (let first = 0; first < n; first++) {
    for (let step = 0; step < MOST_STEPS; step++) {
      let end = first
      while (end + 1 < n) {
        const size = Math.abs(values[end]!) + Math.abs(values[end + 1]!)
        if (Math.abs(beside[end]!) <= Number.EPSILON * size) break
        end += 1
      }
      if (end === first) break
      chase(values, beside, vectors, first, end)
    }
  }
}

function chase(
  values: Float64Array,
  beside: Float64Array,
  vectors: Float64Array,
  first: number,
  end: number,
): void {
  const half = (values[first + 1]! - values[first]!) / (2 * beside[first]!)
  const root = Math.sqrt(half * half + 1)
  let g = values[end]! - values[first]! + beside[first]! / (half + (half < 0 ? -root : root))
  let [sine, cosine, taken] = [1, 1, 0]
  for (let i = end - 1; i >= first; i--) {
    const f = sine * beside[i]!
    const b = cosine * beside[i]!
    const length = Math.sqrt(f * f + g * g)
    beside[i + 1] = length
    if (length === 0) {
      values[i + 1]! -= taken
      beside[end] = 0
      return
    }
    sine = f / length
    cosine = g / length
    g = values[i + 1]! - taken
    const r = (values[i]! - g) * sine + 2 * cosine * b
    taken = sine * r
    values[i + 1] = g + taken
    g = cosine * r - b
    rotate(vectors, values.length, i, sine, cosine)
  }
  values[first]! -= taken
  beside[first] = g
  beside[end] = 0
}

/** Rows i and i + 1 turned in their plane. */
function rotate(vectors: Float64Array, n: number, i: number, sine: number, cosine: number): void {
  for (let at = i * n; at < (i + 1) * n; at++) {
    const upper = vectors[at]!
    const lower = vectors[at + n]!
    vectors[at + n] = sine * upper + cosine * lower
    vectors[at] = cosine * upper - sine * lower
  }
}
