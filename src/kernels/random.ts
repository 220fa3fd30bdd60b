/**
 * Seeded random numbers: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS
 * 2021), its state filled by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). The same seed gives the same numbers on every
 * platform; not for secrets.
 */

export interface Random {
  /** A whole number, 0 to 2³² − 1. */
  uint32(): number
  /** [0, 1), 53 random bits. */
  uniform(): number
  /** A whole number, 0 to `below` − 1, every one as likely. `below`: 1 to 2³². */
  int(below: number): number
  /** Mean 0, variance 1 (Marsaglia's polar method). */
  gaussian(): number
  /** Shuffles in place (Fisher–Yates): every order as likely. */
  shuffle<Values extends { readonly length: number; [index: number]: unknown }>(
    values: Values,
  ): Values
}

const TWO_32 = 0x1_0000_0000

/** A generator of its own for each purpose: `seed` is any safe integer. */
export function createRandom(seed: number): Random {
  return randomFromState(splitMix(seed))
}

/** Four words of state, not all zero. Exported for the known-answer test. */
export function randomFromState(state: Uint32Array): Random {
  let [a = 0, b = 0, c = 0, d = 0] = state
  let spare: number | undefined

  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotateLeft(d, 11)
    return result
  }
  const uniform = (): number => {
    const high = uint32() >>> 5
    const low = uint32() >>> 6
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000
  }
  const int = (below: number): number => {
    if (!Number.isInteger(below) || below < 1 || below > TWO_32) {
      throw new RangeError(`int(${below}): give a whole number from 1 to 2^32`)
    }
    // Numbers at or above the largest multiple of `below` would make small answers likelier: draw again.
    const limit = TWO_32 - (TWO_32 % below)
    for (;;) {
      const drawn = uint32()
      if (drawn < limit) return drawn % below
    }
  }
  const gaussian = (): number => {
    if (spare !== undefined) {
      const result = spare
      spare = undefined
      return result
    }
    for (;;) {
      const u = 2 * uniform() - 1
      const v = 2 * uniform() - 1
      const s = u * u + v * v
      if (s >= 1 || s === 0) continue
      const factor = Math.sqrt((-2 * Math.log(s)) / s)
      spare = v * factor
      return u * factor
    }
  }
  return {
    uint32,
    uniform,
    int,
    gaussian,
    shuffle(values) {
      for (let i = values.length - 1; i > 0; i--) {
        const j = int(i + 1)
        const held = values[i]
        values[i] = values[j]
        values[j] = held
      }
      return values
    },
  }
}

const rotateLeft = (x: number, k: number): number => (x << k) | (x >>> (32 - k))

/** Two outputs of SplitMix64 as four words, low word first. */
export function splitMix(seed: number): Uint32Array {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed ${seed}: give a whole number`)
  let x = BigInt.asUintN(64, BigInt(seed))
  const state = new Uint32Array(4)
  for (let i = 0; i < 4; i += 2) {
    x = BigInt.asUintN(64, x + 0x9e3779b97f4a7c15n)
    let z = x
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    z ^= z >> 31n
    state[i] = Number(z & 0xffff_ffffn)
    state[i + 1] = Number(z >> 32n)
  }
  return state
}
