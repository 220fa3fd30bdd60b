import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ShortTexts } from './short-texts.ts'

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

describe('ShortTexts', () => {
  it('writes what String and toISOString write, and nothing over what it wrote', () => {
    const texts = new ShortTexts()
    const written: [Uint8Array, string][] = []
    const number = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))
    // 1900 to 9999: what an event's time may be.
    const time = fc.integer({ min: -2_208_988_800_000, max: 253_402_300_799_999 })
    fc.assert(
      fc.property(
        number,
        time,
        fc.string({ maxLength: 40, unit: 'grapheme' }),
        (count, ms, name) => {
          written.push([texts.numbered(Buffer.from(name), count), `${name}${count}`])
          written.push([texts.time(ms), new Date(ms).toISOString()])
          written.push([texts.time(ms), new Date(ms).toISOString()])
        },
      ),
      { numRuns: 2_000, seed: 3 },
    )
    for (const [bytes, text] of written) expect(textOf(bytes)).toBe(text)
  })

  it('takes a prefix that is longer than its blocks', () => {
    const prefix = 'x'.repeat(40_000)
    expect(textOf(new ShortTexts().numbered(Buffer.from(prefix), 12))).toBe(`${prefix}12`)
  })
})
