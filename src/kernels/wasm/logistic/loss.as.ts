// e^−|s| and log(1 + t), two at a time; `logistic-rows/loss.ts` is the same in TypeScript, to the last bit: only sums, products
// and quotients, in this order.

const LIMIT: f64 = 708
const LOG2_E: f64 = 1.4426950408889634
const LN2: f64 = 0.6931471805599453
const LN2_HIGH: f64 = 6.93147180369123816490e-1
const LN2_LOW: f64 = 1.90821492927058770002e-10
const ROOT2_MINUS_1: f64 = 0.41421356237309515
// 1.5 · 2⁵²: adding it rounds to a whole number, which is then in the lowest bits.
const ROUND: f64 = 6755399441055744

// @ts-ignore: decorator
@inline
function step(sum: v128, r: v128, coefficient: f64): v128 {
  return f64x2.add(f64x2.mul(sum, r), f64x2.splat(coefficient))
}

// e^x = 2^k e^r with |r| ≤ ½ ln 2, e^r by its series; x = −|s|, not below −708.
// @ts-ignore: decorator
@inline
export function decay(s: v128): v128 {
  const x = f64x2.max(f64x2.splat(-LIMIT), f64x2.neg(f64x2.abs(s)))
  const shifted = f64x2.add(f64x2.mul(x, f64x2.splat(LOG2_E)), f64x2.splat(ROUND))
  const k = f64x2.sub(shifted, f64x2.splat(ROUND))
  const r = f64x2.sub(
    f64x2.sub(x, f64x2.mul(k, f64x2.splat(LN2_HIGH))),
    f64x2.mul(k, f64x2.splat(LN2_LOW)),
  )
  let sum = f64x2.splat(1.0 / 479001600.0)
  sum = step(sum, r, 1.0 / 39916800.0)
  sum = step(sum, r, 1.0 / 3628800.0)
  sum = step(sum, r, 1.0 / 362880.0)
  sum = step(sum, r, 1.0 / 40320.0)
  sum = step(sum, r, 1.0 / 5040.0)
  sum = step(sum, r, 1.0 / 720.0)
  sum = step(sum, r, 1.0 / 120.0)
  sum = step(sum, r, 1.0 / 24.0)
  sum = step(sum, r, 1.0 / 6.0)
  sum = step(sum, r, 0.5)
  sum = step(sum, r, 1)
  sum = step(sum, r, 1)
  return f64x2.mul(sum, i64x2.shl(i64x2.add(shifted, i64x2.splat(1023)), 52))
}

// 2 artanh(f / (2 + f)) by its series, of 1 + f = 1 + t, or half of it and ln 2 more, so that |f / (2 + f)| < 0.172.
// @ts-ignore: decorator
@inline
export function logOfOnePlus(t: v128): v128 {
  const isLarge = f64x2.gt(t, f64x2.splat(ROOT2_MINUS_1))
  const half = f64x2.mul(f64x2.sub(t, f64x2.splat(1)), f64x2.splat(0.5))
  const f = v128.bitselect(half, t, isLarge)
  const z = f64x2.div(f, f64x2.add(f64x2.splat(2), f))
  const w = f64x2.mul(z, z)
  let sum = f64x2.splat(2.0 / 21.0)
  sum = step(sum, w, 2.0 / 19.0)
  sum = step(sum, w, 2.0 / 17.0)
  sum = step(sum, w, 2.0 / 15.0)
  sum = step(sum, w, 2.0 / 13.0)
  sum = step(sum, w, 2.0 / 11.0)
  sum = step(sum, w, 2.0 / 9.0)
  sum = step(sum, w, 2.0 / 7.0)
  sum = step(sum, w, 2.0 / 5.0)
  sum = step(sum, w, 2.0 / 3.0)
  sum = step(sum, w, 2)
  return f64x2.add(f64x2.mul(z, sum), v128.and(f64x2.splat(LN2), isLarge))
}
