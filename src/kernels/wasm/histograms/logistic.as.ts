// The logistic function, two at a time; `logistic.ts` of the kernels is the same in TypeScript, to the last bit: only
// sums, products and quotients, in this order.

const LIMIT: f64 = 708
const LOG2_E: f64 = 1.4426950408889634
const LN2_HIGH: f64 = 6.93147180369123816490e-1
const LN2_LOW: f64 = 1.90821492927058770002e-10
// 1.5 · 2⁵²: adding it rounds to a whole number, which is then in the lowest bits.
const ROUND: f64 = 6755399441055744

// @ts-ignore: decorator
@inline
function step(sum: v128, r: v128, coefficient: f64): v128 {
  return f64x2.add(f64x2.mul(sum, r), f64x2.splat(coefficient))
}

// @ts-ignore: decorator
@inline
export function round(x: v128): v128 {
  return f64x2.sub(f64x2.add(x, f64x2.splat(ROUND)), f64x2.splat(ROUND))
}

// 1 / (1 + e^−s): e^x = 2^k e^r with |r| ≤ ½ ln 2, e^r by its series.
// @ts-ignore: decorator
@inline
export function logistic(score: v128): v128 {
  const x = f64x2.min(f64x2.splat(LIMIT), f64x2.max(f64x2.splat(-LIMIT), f64x2.neg(score)))
  const shifted = f64x2.add(f64x2.mul(x, f64x2.splat(LOG2_E)), f64x2.splat(ROUND))
  const k = f64x2.sub(shifted, f64x2.splat(ROUND))
  const r = f64x2.sub(
    f64x2.sub(x, f64x2.mul(k, f64x2.splat(LN2_HIGH))),
    f64x2.mul(k, f64x2.splat(LN2_LOW)),
  )
  let sum = f64x2.splat(1 / 479001600)
  sum = step(sum, r, 1 / 39916800)
  sum = step(sum, r, 1 / 3628800)
  sum = step(sum, r, 1 / 362880)
  sum = step(sum, r, 1 / 40320)
  sum = step(sum, r, 1 / 5040)
  sum = step(sum, r, 1 / 720)
  sum = step(sum, r, 1 / 120)
  sum = step(sum, r, 1 / 24)
  sum = step(sum, r, 1 / 6)
  sum = step(sum, r, 0.5)
  sum = step(sum, r, 1)
  sum = step(sum, r, 1)
  const power = i64x2.shl(i64x2.add(shifted, i64x2.splat(1023)), 52)
  const one = f64x2.splat(1)
  return f64x2.div(one, f64x2.add(one, f64x2.mul(sum, power)))
}
