/**
 * Products and distances of rows. The order of summation is part of the contract, so that the WebAssembly twin
 * (`wasm/dense.as.ts`) gives the same bits: four running sums l0 to l3 over groups of four, then (l0 + l2) + (l1 + l3),
 * then the up to three values that are left, one by one.
 */

/** Σ a[aFrom + j] · b[bFrom + j], j < length. */
export function dot(
  a: Float64Array,
  aFrom: number,
  b: Float64Array,
  bFrom: number,
  length: number,
): number {
  let l0 = 0
  let l1 = 0
  let l2 = 0
  let l3 = 0
  const whole = length & ~3
  let j = 0
  for (; j < whole; j += 4) {
    l0 += a[aFrom + j]! * b[bFrom + j]!
    l1 += a[aFrom + j + 1]! * b[bFrom + j + 1]!
    l2 += a[aFrom + j + 2]! * b[bFrom + j + 2]!
    l3 += a[aFrom + j + 3]! * b[bFrom + j + 3]!
  }
  let sum = l0 + l2 + (l1 + l3)
  for (; j < length; j++) sum += a[aFrom + j]! * b[bFrom + j]!
  return sum
}

/** Σ (a[aFrom + j] − b[bFrom + j])², j < length. */
export function squaredDistance(
  a: Float64Array,
  aFrom: number,
  b: Float64Array,
  bFrom: number,
  length: number,
): number {
  let l0 = 0
  let l1 = 0
  let l2 = 0
  let l3 = 0
  const whole = length & ~3
  let j = 0
  for (; j < whole; j += 4) {
    const d0 = a[aFrom + j]! - b[bFrom + j]!
    const d1 = a[aFrom + j + 1]! - b[bFrom + j + 1]!
    const d2 = a[aFrom + j + 2]! - b[bFrom + j + 2]!
    const d3 = a[aFrom + j + 3]! - b[bFrom + j + 3]!
    l0 += d0 * d0
    l1 += d1 * d1
    l2 += d2 * d2
    l3 += d3 * d3
  }
  let sum = l0 + l2 + (l1 + l3)
  for (; j < length; j++) {
    const d = a[aFrom + j]! - b[bFrom + j]!
    sum += d * d
  }
  return sum
}
