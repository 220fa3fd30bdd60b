import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'

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
