import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'
import { createRandom } from './random.ts'

const bytes = (length: number, at: (index: number) => number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => at(index))

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
test.each([
  ['the empty text', new Uint8Array(0), 0],
  ['the check text', new TextEncoder().encode('123456789'), 0xe3069283],
  ['32 zeros', bytes(32, () => 0), 0x8a9136aa],
  ['32 ones', bytes(32, () => 0xff), 0x62a8ab43],
  ['32 ascending', bytes(32, (i) => i), 0x46dd794e],
  ['32 descending', bytes(32, (i) => 31 - i), 0x113fdb5c],
])('CRC-32C of %s is the published one', (_name, input, expected) => {
  expect(crc32c(input)).toBe(expected)
})

test('a checksum continues over pieces, at every cut', () => {
  const whole = bytes(67, (i) => (i * 37) & 0xff)
  for (let cut = 0; cut <= whole.length; cut++) {
    expect(crc32c(whole, cut, whole.length, crc32c(whole, 0, cut))).toBe(crc32c(whole))
  }
})

/** Short pieces are looked up in tables, long runs are folded. */
const inPieces = (input: Uint8Array, length: number, first: number): number => {
  let crc = first
  for (let at = 0; at < input.length; at += length) {
    crc = crc32c(input, at, Math.min(input.length, at + length), crc)
  }
  return crc
}

test('a long run has the checksum of its pieces, at any place, length and beginning', () => {
  const random = createRandom(7)
  const input = bytes(200_000, () => random.int(256))
  for (const length of [511, 512, 513, 640, 1_151, 32_768, 32_896, 33_000, 131_071, 199_900]) {
    for (const start of [0, 1, 99]) {
      const run = input.subarray(start, start + length)
      const first = random.int(2 ** 32)
      expect(crc32c(input, start, start + length, first)).toBe(inPieces(run, 100, first))
    }
  }
})

test('a flipped bit anywhere in a long run changes the checksum', () => {
  const input = bytes(2_048, (i) => (i * 37) & 0xff)
  const whole = crc32c(input)
  for (let bit = 0; bit < input.length * 8; bit++) {
    input[bit >>> 3]! ^= 1 << (bit & 7)
    expect(crc32c(input)).not.toBe(whole)
    input[bit >>> 3]! ^= 1 << (bit & 7)
  }
})
