/** How gradients become whole numbers of which every sum is exact. */

export interface Scales {
  readonly gradient: number
  readonly hessian: number
}

/** Bits that hold a count of rows. */
export const countBits = (rows: number): number => 32 - Math.clz32(rows)

export const MAX_HISTOGRAM_ROWS = 2 ** 26 - 1

/**
 * Powers of two that keep every sum below 2⁵² (gradients) and, packed with the count of rows, below 2⁶³ (hessians), when no
 * absolute value is larger than these. Dividing by a power of two is exact.
 */
export function chooseScales(rows: number, maxGradient: number, maxHessian: number): Scales {
  const bits = countBits(rows)
  const power = (room: number, max: number): number =>
    max > 0 ? 2 ** Math.max(-1000, Math.min(1000, room - 1 - Math.ceil(Math.log2(max)))) : 1
  return {
    gradient: power(52 - bits, maxGradient),
    hessian: power(Math.min(52 - bits, 62 - 2 * bits), maxHessian),
  }
}
