/**
 * Where the fields of a flat JSON object lie in its bytes, without making an object of it: most events are one, and of most
 * only a key and a time are ever looked at. One pass, strict grammar (RFC 8259).
 *
 * `read` says false of everything that needs a closer look: another value than an object, a nested one, an escape in a key,
 * a number with an exponent or beyond 15 digits, a lone surrogate, bad UTF-8, and text that is no JSON. So true means that
 * `JSON.parse` takes the bytes, that every number arrives as it was sent, and that the scan of `json-scan.ts` finds nothing but,
 * perhaps, a repeated or forbidden key.
 */
import { isUtf8 } from 'node:buffer'

export const FLAT_KIND = {
  /** Plain text: its bytes are ASCII and are what it says. */
  plain: 1,
  /** Text with escapes or beyond ASCII. */
  text: 2,
  /** Whole number of at most 15 digits, never −0. */
  integer: 3,
  /** Number with a fraction and without an exponent. */
  fraction: 4,
  true: 5,
  false: 6,
  null: 7,
} as const

const MOST_FIELDS = 256
const MOST_DIGITS = 15
/** Bytes below which a fraction cannot leave the range of a double. */
const MOST_FRACTION_BYTES = 300

const QUOTE = 0x22
const BACKSLASH = 0x5c
const HIGH = 4
/** By byte: 0 what a text may hold as it is, else why the loop stops. */
const STOPS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === QUOTE ? 1 : byte === BACKSLASH ? 2 : byte < 0x20 ? 3 : byte >= 0x80 ? HIGH : 0,
)
const IS_SPACE = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 ? 1 : 0,
)
/** By the byte after a backslash; `u` is looked at apart. */
const IS_ESCAPE = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
)

/** A reusable reader; it owns its tables, which hold until the next `read`. */
export class FlatJson {
  /** Fields of the last object. */
  count = 0
  /** Offsets of each field's name and value; of texts, what is between the quotes. */
  readonly nameStart = new Int32Array(MOST_FIELDS)
  readonly nameEnd = new Int32Array(MOST_FIELDS)
  readonly start = new Int32Array(MOST_FIELDS)
  readonly end = new Int32Array(MOST_FIELDS)
  /** Of `FLAT_KIND`. */
  readonly kind = new Uint8Array(MOST_FIELDS)
  #bytes: Buffer = Buffer.alloc(0)
  #isAscii = true

  /** True when the bytes are one flat object, white space around it, and nothing in it needs a closer look. */
  read(bytes: Uint8Array): boolean {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#isAscii = true
    this.count = 0
    const end = this.#object(this.#space(0))
    if (end < 0 || this.#space(end) < bytes.length) return false
    return this.#isAscii || isUtf8(bytes)
  }

  /** Index of the last field of this name, −1 without one: what `JSON.parse` would keep. */
  find(name: Uint8Array): number {
    for (let field = this.count - 1; field >= 0; field--)
      if (this.isNamed(field, name)) return field
    return -1
  }

  isNamed(field: number, name: Uint8Array): boolean {
    const bytes = this.#bytes
    const start = this.nameStart[field]!
    if (this.nameEnd[field]! - start !== name.length) return false
    for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name[at]) return false
    return true
  }

  /** The value of an integer. */
  integer(field: number): number {
    const bytes = this.#bytes
    const end = this.end[field]!
    let at = this.start[field]!
    const isNegative = bytes[at] === 0x2d
    if (isNegative) at++
    let value = 0
    for (; at < end; at++) value = value * 10 + bytes[at]! - 0x30
    return isNegative ? -value : value
  }

  /** The value of any field, as `JSON.parse` gives it. */
  value(field: number): string | number | boolean | null {
    const bytes = this.#bytes
    const start = this.start[field]!
    const end = this.end[field]!
    switch (this.kind[field]) {
      case FLAT_KIND.plain:
        return bytes.toString('latin1', start, end)
      case FLAT_KIND.text:
        return JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string
      case FLAT_KIND.integer:
        return this.integer(field)
      case FLAT_KIND.fraction:
        return Number(bytes.toString('latin1', start, end))
      case FLAT_KIND.null:
        return null
      default:
        return this.kind[field] === FLAT_KIND.true
    }
  }

  #space(at: number): number {
    const bytes = this.#bytes
    while (IS_SPACE[bytes[at]!] === 1) at++
    return at
  }

  /** From the opening brace to after the closing one, −1 when it is not flat. */
  #object(at: number): number {
    const bytes = this.#bytes
    if (bytes[at] !== 0x7b) return -1
    at = this.#space(at + 1)
    if (bytes[at] === 0x7d) return at + 1
    for (let field = 0; field < MOST_FIELDS; field++) {
      at = this.#name(at, field)
      if (at < 0) return -1
      at = this.#space(at)
      if (bytes[at] !== 0x3a) return -1
      at = this.#value(this.#space(at + 1), field)
      if (at < 0) return -1
      at = this.#space(at)
      if (bytes[at] === 0x7d) {
        this.count = field + 1
        return at + 1
      }
      if (bytes[at] !== 0x2c) return -1
      at = this.#space(at + 1)
    }
    return -1
  }

  /** To after the closing quote. */
  #name(at: number, field: number): number {
    const bytes = this.#bytes
    if (bytes[at] !== QUOTE) return -1
    const start = ++at
    for (;;) {
      const stop = STOPS[bytes[at]!]
      if (stop === 0) at++
      else if (stop === HIGH) {
        this.#isAscii = false
        at++
      } else if (stop === 1) break
      else return -1
    }
    this.nameStart[field] = start
    this.nameEnd[field] = at
    return at + 1
  }

  #value(at: number, field: number): number {
    const byte = this.#bytes[at]!
    this.start[field] = at
    if (byte === QUOTE) return this.#text(at + 1, field)
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return this.#number(at, field)
    if (byte === 0x6e) return this.#word(at, field, NULL, FLAT_KIND.null)
    if (byte === 0x74) return this.#word(at, field, TRUE, FLAT_KIND.true)
    if (byte === 0x66) return this.#word(at, field, FALSE, FLAT_KIND.false)
    return -1
  }

  #text(at: number, field: number): number {
    const bytes = this.#bytes
    this.start[field] = at
    let kind: number = FLAT_KIND.plain
    for (;;) {
      const stop = STOPS[bytes[at]!]
      if (stop === 0) {
        at++
        continue
      }
      if (stop === 1) break
      kind = FLAT_KIND.text
      if (stop === HIGH) {
        this.#isAscii = false
        at++
      } else if (stop === 2) {
        at = this.#escape(at + 1)
        if (at < 0) return -1
      } else return -1
    }
    this.end[field] = at
    this.kind[field] = kind
    return at + 1
  }

  /** At the byte after a backslash; to after the escape. Halves of a surrogate pair are left to the closer look. */
  #escape(at: number): number {
    const bytes = this.#bytes
    const byte = bytes[at]!
    if (IS_ESCAPE[byte] === 1) return at + 1
    if (byte !== 0x75) return -1
    let unit = 0
    for (let digit = at + 1; digit <= at + 4; digit++) {
      const value = hexValue(bytes[digit])
      if (value < 0) return -1
      unit = unit * 16 + value
    }
    return unit >= 0xd800 && unit <= 0xdfff ? -1 : at + 5
  }

  #number(from: number, field: number): number {
    const bytes = this.#bytes
    let at = from
    if (bytes[at] === 0x2d) at++
    const first = at
    at = this.#digits(at)
    const digits = at - first
    if (digits === 0 || (bytes[first] === 0x30 && digits > 1)) return -1
    if (bytes[at] === 0x2e) {
      const fraction = at + 1
      at = this.#digits(fraction)
      if (at === fraction || at - from > MOST_FRACTION_BYTES) return -1
      this.kind[field] = FLAT_KIND.fraction
    } else {
      if (digits > MOST_DIGITS || (first > from && bytes[first] === 0x30)) return -1
      this.kind[field] = FLAT_KIND.integer
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) return -1
    this.end[field] = at
    return at
  }

  #digits(at: number): number {
    const bytes = this.#bytes
    for (;;) {
      const byte = bytes[at]!
      // Also at the end, where there is no byte.
      if (!(byte >= 0x30 && byte <= 0x39)) return at
      at++
    }
  }

  #word(at: number, field: number, word: Uint8Array, kind: number): number {
    const bytes = this.#bytes
    for (let step = 0; step < word.length; step++) if (bytes[at + step] !== word[step]) return -1
    this.kind[field] = kind
    this.end[field] = at + word.length
    return at + word.length
  }
}

const NULL = Buffer.from('null')
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
