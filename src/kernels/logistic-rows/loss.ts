/**
 * The two functions of the logistic loss, of sums, products and quotients alone, so that WebAssembly gives the same bits
 * (`wasm/logistic/loss.as.ts`). Both are exact to some units in the last place.
 */

const LIMIT = 708
const LN2_HIGH = 6.931_471_803_691_238_164_9e-1
const LN2_LOW = 1.908_214_929_270_587_700_02e-10
const ROOT2_MINUS_1 = 0.414_213_562_373_095_15
/** 1.5 · 2⁵²: adding it rounds to a whole number, ties to even. */
const ROUND = 6_755_399_441_055_744

/** 1 / k! for k from 12 down to 0. */
const POWERS = [
  1 / 479_001_600,
  1 / 39_916_800,
  1 / 3_628_800,
  1 / 362_880,
  1 / 40_320,
  1 / 5_040,
  1 / 720,
  1 / 120,
  1 / 24,
  1 / 6,
  0.5,
  1,
  1,
]
/** 2 / k for odd k from 21 down to 1. */
const ODD = [21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1].map((k) => 2 / k)

const power = new Float64Array(1)
const powerWords = new Int32Array(power.buffer)

const series = (coefficients: readonly number[], x: number): number => {
  let sum = coefficients[0]!
  for (let i = 1; i < coefficients.length; i++) sum = sum * x + coefficients[i]!
  return sum
}

/** e^−|s|, and e^−708 below it. e^x = 2^k e^r with |r| ≤ ½ ln 2. */
export function decay(s: number): number {
  const x = Math.max(-LIMIT, -Math.abs(s))
  const k = x * Math.LOG2E + ROUND - ROUND
  const r = x - k * LN2_HIGH - k * LN2_LOW
  powerWords[1] = (k + 1_023) << 20
  return series(POWERS, r) * power[0]!
}

/** log(1 + t) for t from 0 to 1: 2 artanh(f / (2 + f)) of 1 + f = 1 + t, or half of it and ln 2 more. */
export function logOfOnePlus(t: number): number {
  const isLarge = t > ROOT2_MINUS_1
  const f = isLarge ? (t - 1) * 0.5 : t
  const z = f / (2 + f)
  return z * series(ODD, z * z) + (isLarge ? Math.LN2 : 0)
}
