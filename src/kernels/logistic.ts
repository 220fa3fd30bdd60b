/** The logistic function of sums and products alone, so that WebAssembly gives the same bits (`wasm/histograms/logistic.as.ts`). */

const LIMIT = 708
const LN2_HIGH = 6.931_471_803_691_238_164_9e-1
const LN2_LOW = 1.908_214_929_270_587_700_02e-10
/** 1.5 · 2⁵²: adding it rounds to a whole number, ties to even. */
const ROUND = 6_755_399_441_055_744

/** 1 / k! for k from 12 down to 0. */
const SERIES = [
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

const power = new Float64Array(1)
const powerWords = new Int32Array(power.buffer)

/** The nearest whole number of one below 2⁵¹, ties to even. */
export const roundToEven = (x: number): number => x + ROUND - ROUND

/** 1 / (1 + e^−s), exact to some units in the last place; between 10⁻³⁰⁸ and 1. e^x = 2^k e^r with |r| ≤ ½ ln 2. */
export function logistic(score: number): number {
  const x = Math.min(LIMIT, Math.max(-LIMIT, -score))
  const k = roundToEven(x * Math.LOG2E)
  const r = x - k * LN2_HIGH - k * LN2_LOW
  let sum = SERIES[0]!
  for (let i = 1; i < SERIES.length; i++) sum = sum * r + SERIES[i]!
  powerWords[1] = (k + 1_023) << 20
  return 1 / (1 + sum * power[0]!)
}
