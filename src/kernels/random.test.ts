import { expect, test } from 'vitest'
import { createRandom, randomFromState, splitMix } from './random.ts'

test('xoshiro128** gives the published numbers for the state 1, 2, 3, 4', () => {
  const random = randomFromState(Uint32Array.of(1, 2, 3, 4))
  expect(Array.from({ length: 10 }, () => random.uint32())).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
    4258142804,
  ])
})

test('SplitMix64 gives the published numbers for the seed 1234567', () => {
  const [a = 0, b = 0, c = 0, d = 0] = splitMix(1234567)
  expect((BigInt(b) << 32n) | BigInt(a)).toBe(6457827717110365317n)
  expect((BigInt(d) << 32n) | BigInt(c)).toBe(3203168211198807973n)
})

function draw(seed: number): number[] {
  const random = createRandom(seed)
  return Array.from({ length: 20 }, () => random.gaussian())
}

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
  expect(draw(-7)).not.toEqual(draw(7))
})

test('uniform, int and gaussian have the moments of their distributions', () => {
  const random = createRandom(42)
  const n = 100_000
  let sum = 0
  let normal = 0
  let squares = 0
  const counts = new Int32Array(6)
  for (let i = 0; i < n; i++) {
    const u = random.uniform()
    if (!(u >= 0 && u < 1)) throw new Error(`uniform gave ${u}`)
    sum += u
    const g = random.gaussian()
    normal += g
    squares += g * g
    counts[random.int(6)]! += 1
  }
  // Bounds are five standard errors.
  expect(Math.abs(sum / n - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n))
  expect(Math.abs(normal / n)).toBeLessThan(5 / Math.sqrt(n))
  expect(Math.abs(squares / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n))
  for (const count of counts)
    expect(Math.abs(count - n / 6)).toBeLessThan(5 * Math.sqrt((n * 5) / 36))
})

test('shuffle keeps the values and makes every order', () => {
  const random = createRandom(3)
  const seen = new Set<string>()
  for (let i = 0; i < 500; i++) seen.add(random.shuffle([1, 2, 3, 4]).join(''))
  expect(seen.size).toBe(24)
  expect(random.shuffle(Int32Array.of(5, 6, 7)).toSorted()).toEqual(Int32Array.of(5, 6, 7))
})

test('a wrong bound or seed is refused', () => {
  expect(() => createRandom(1).int(0)).toThrow('int(0)')
  expect(() => createRandom(1.5)).toThrow('seed 1.5')
})
