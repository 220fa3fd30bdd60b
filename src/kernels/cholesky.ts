/** Symmetric positive definite systems in f64: A = L Lᵀ (Golub and Van Loan, Matrix Computations, 4th ed., 4.2.5). */
import { dot } from './distances.ts'

/**
 * Factors in place. `a`: n × n, row-major; the lower triangle is read and becomes L, the upper one is left alone.
 * Returns −1, or the index of the first pivot that is not positive (A is not positive definite; `a` is then half done).
 * Cost n³ / 3. Columns `from` to `to` (exclusive) only, so that a large factorization can be cut: each column needs the ones
 * before it.
 */
export function choleskyFactor(a: Float64Array, n: number, from = 0, to = n): number {
  if (a.length !== n * n) throw new RangeError(`choleskyFactor: ${a.length} values for n = ${n}`)
  for (let j = from; j < to; j++) {
    const before = a[j * n + j]!
    const pivot = before - dot(a, j * n, a, j * n, j)
    // A pivot that is only the rounding error of its own sum is zero: 2⁻⁵² n of what it was made from.
    if (!(pivot > Number.EPSILON * n * before)) return j
    const diagonal = Math.sqrt(pivot)
    a[j * n + j] = diagonal
    for (let i = j + 1; i < n; i++) {
      a[i * n + j] = (a[i * n + j]! - dot(a, i * n, a, j * n, j)) / diagonal
    }
  }
  return -1
}

/** Solves L Lᵀ x = b in place: `b` (n) becomes x. `l` as `choleskyFactor` left it. Cost 2 n². */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i] ?? 0
    for (let k = 0; k < i; k++) sum -= (l[i * n + k] ?? 0) * (b[k] ?? 0)
    b[i] = sum / (l[i * n + i] ?? 1)
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i] ?? 0
    for (let k = i + 1; k < n; k++) sum -= (l[k * n + i] ?? 0) * (b[k] ?? 0)
    b[i] = sum / (l[i * n + i] ?? 1)
  }
}
