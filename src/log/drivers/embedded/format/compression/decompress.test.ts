import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decompress, TooLargeError } from './decompress.ts'

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const text = (value: Uint8Array): string => Buffer.from(value).toString('latin1')
const LIMIT = 1024 * 1024

/** Written by hand from each format's specification. */
const BY_HAND = {
  'snappy: literal, copies with 1, 2 and 4 bytes of offset': [
    2,
    // length 20; literal "abcde" (4 << 2); copy 4 from 5 back; copy 3 from 2 back; copy 8 from 8 back
    '14 10 6162636465 01 05 0a 0200 1f 08000000',
    'abcdeabcdcdceabcdcdc',
  ],
  'snappy: a literal with its length in one byte more': [
    2,
    `3d f0 3c ${'78'.repeat(61)}`,
    'x'.repeat(61),
  ],
  'snappy, framed by the Java library: two blocks': [
    2,
    '82534e4150505900 00000001 00000001 00000004 02 04 6162 00000004 02 04 6364',
    'abcd',
  ],
  'lz4: literals, an overlapping match, an end mark': [
    3,
    // magic, version 1 with independent blocks, 64 KiB, checksum; block of 8: 3 literals, match 6 from 3 back; 1 literal
    '04224d18 60 40 82 08000000 32 616263 0300 10 7a 00000000',
    'abcabcabcz',
  ],
  'lz4: a block that is not compressed, and a content checksum': [
    3,
    '04224d18 64 40 00 03000080 616263 00000000 11223344',
    'abc',
  ],
  'zstd: a raw block and a run': [
    4,
    // magic; single segment, content size 7; raw block of 3 "abc"; last block, run of 4 "z"
    '28b52ffd 20 07 180000 616263 230000 7a',
    'abczzzz',
  ],
} as const

describe('decompress', () => {
  for (const [name, [codec, hex, expected]] of Object.entries(BY_HAND)) {
    test(name, () => expect(text(decompress(codec, bytes(hex), LIMIT))).toBe(expected))
  }

  test('gzip', () => {
    expect(text(decompress(1, gzipSync('hello hello'), LIMIT))).toBe('hello hello')
  })

  test.each([
    ['gzip', 1, new Uint8Array(gzipSync(Buffer.alloc(LIMIT + 1)))],
    ['snappy that claims 4 GiB', 2, bytes('ffffffff0f 00 00')],
    // A match of 15 + 255 × 5,000 + 4 bytes from one literal.
    ['lz4', 3, bytes(`04224d18 60 40 82 8e130000 1f 61 0100 ${'ff'.repeat(5_000)} 00 00000000`)],
    ['zstd that claims 4 GiB', 4, bytes('28b52ffd a0 ffffffff 010000')],
  ])('%s larger than the bound is refused, not allocated', (_name, codec, bomb) => {
    expect(() => decompress(codec, bomb, LIMIT)).toThrow(TooLargeError)
  })

  test('a Zstandard window of 2 GiB is refused', () => {
    expect(() => decompress(4, bytes('28b52ffd 00 a8 010000'), LIMIT)).toThrow('window')
  })

  test('an unknown codec is refused', () => {
    expect(() => decompress(5, bytes('00'), LIMIT)).toThrow('no compression codec 5')
  })

  test('damaged data ends in a RangeError or in bytes below the bound, never otherwise', () => {
    const samples = Object.values(BY_HAND).map(([codec, hex]) => [codec, bytes(hex)] as const)
    const damage = fc.record({
      sample: fc.constantFrom(...samples),
      at: fc.nat(80),
      byte: fc.nat(255),
      cut: fc.nat(80),
    })
    fc.assert(
      fc.property(damage, ({ sample: [codec, whole], at, byte, cut }) => {
        const damaged = Uint8Array.from(whole.subarray(0, Math.max(1, whole.length - cut)))
        damaged[at % damaged.length] = byte
        try {
          expect(decompress(codec, damaged, LIMIT).length).toBeLessThanOrEqual(LIMIT)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
