/**
 * One pass over the bytes of a JSON value before `JSON.parse`, for what `JSON.parse` hides: nesting depth, key count,
 * duplicate and dangerous keys, integers that would be rounded, numbers that overflow, lone surrogates, bad UTF-8.
 *
 * The scan is not a grammar check; `JSON.parse` does that afterwards, on input of bounded depth. It never recurses, and it
 * goes on after a fault so that the end of the value is known: a faulty element of an array does not hide the next one.
 *
 * Sources: RFC 8259 (JSON), RFC 7493 (I-JSON: unique names, safe integers, no surrogates), RFC 6901 (pointers).
 */
import { isUtf8 } from 'node:buffer'
import { judgeNumber, numberEnd, type NumberFaultCode } from './json-number.ts'
import { jsonPointer, readKey, type Frames } from './json-pointer.ts'

export type JsonFaultCode =
  | 'invalid_utf8'
  | 'too_deep'
  | 'too_many_keys'
  | 'too_many_items'
  | 'duplicate_key'
  | 'proto_key'
  | NumberFaultCode
  | 'lone_surrogate'

export interface JsonFault {
  readonly code: JsonFaultCode
  /** JSON pointer of the key or value. */
  readonly pointer: string
  /** Byte offset in the scanned buffer. */
  readonly position: number
}

export interface JsonScan {
  /** Offset after the value; −1 when the bytes end inside it or hold none. */
  readonly end: number
  /** The first fault. */
  readonly fault?: JsonFault
}

export interface JsonScanOptions {
  /** Deepest nesting that is fine; a flat object has depth 1. */
  readonly depth: number
  /** Most keys in one value. */
  readonly keys: number
  /** Most items of all arrays in one value. Default: no limit. */
  readonly items?: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OBJECT = 1
const ARRAY = 2
/** Up to so many keys of an object a search through their hashes beats a set of their texts. */
const LINEAR_KEYS = 64

/**
 * A reusable scanner; it owns its buffers, so one scan runs at a time (it is synchronous). Cost: linear in the bytes,
 * memory linear in `keys`.
 */
export class JsonScanner {
  readonly #options: JsonScanOptions
  readonly #frames: Frames
  /** First key of each open object in the key stack. */
  readonly #base: Int32Array
  readonly #hashes: Int32Array
  readonly #starts: Int32Array
  readonly #sets: (Set<string> | undefined)[] = []
  #bytes: Uint8Array = new Uint8Array(0)
  #to = 0
  #depth = 0
  #top = 0
  #keys = 0
  #items = 0
  #highBits = 0
  #fault: JsonFault | undefined

  constructor(options: JsonScanOptions) {
    this.#options = options
    const frames = options.depth + 2
    this.#frames = {
      kind: new Uint8Array(frames),
      keyAt: new Int32Array(frames),
      index: new Int32Array(frames),
    }
    this.#base = new Int32Array(frames)
    this.#hashes = new Int32Array(options.keys + 1)
    this.#starts = new Int32Array(options.keys + 1)
  }

  /** Scans the first value in `bytes[from, to)`; white space before it is skipped, what follows it is not looked at. */
  scan(bytes: Uint8Array, from = 0, to = bytes.length): JsonScan {
    this.#bytes = bytes
    this.#to = to
    this.#depth = 0
    this.#top = 0
    this.#keys = 0
    this.#items = 0
    this.#highBits = 0
    this.#fault = undefined
    const end = this.#walk(from)
    if (this.#highBits >= 0x80 && !isUtf8(bytes.subarray(from, end < 0 ? to : end))) {
      const position = firstInvalidUtf8(bytes, from, to)
      return { end, fault: { code: 'invalid_utf8', pointer: '', position } }
    }
    return this.#fault === undefined ? { end } : { end, fault: this.#fault }
  }

  #walk(from: number): number {
    const bytes = this.#bytes
    const to = this.#to
    let isKey = false
    let at = from
    while (at < to) {
      const byte = bytes[at]!
      switch (byte) {
        case QUOTE:
          at = isKey ? this.#key(at) : this.#text(at)
          isKey = false
          if (at < 0 || this.#depth === 0) return at
          break
        case 0x7b: // {
        case 0x5b: // [
          if (this.#depth >= this.#options.depth) {
            at = this.#skipDeep(at)
            if (at < 0 || this.#depth === 0) return at
          } else {
            this.#open(byte === 0x7b ? OBJECT : ARRAY)
            isKey = byte === 0x7b
            at++
          }
          break
        case 0x7d: // }
        case 0x5d: // ]
          if (this.#depth === 0) return -1
          this.#close()
          isKey = false
          at++
          if (this.#depth === 0) return at
          break
        case 0x2c: // ,
          if (this.#depth === 0) return -1
          isKey = this.#frames.kind[this.#depth] === OBJECT
          if (!isKey && ++this.#items === this.#options.items) this.#report('too_many_items', at)
          this.#frames.index[this.#depth]!++
          at++
          break
        default:
          if (byte <= 0x20 || byte === 0x3a) at++
          else {
            at = byte === 0x2d || (byte >= 0x30 && byte <= 0x39) ? this.#number(at) : this.#word(at)
            if (this.#depth === 0) return at
          }
      }
    }
    return -1
  }

  #open(kind: number): void {
    const depth = ++this.#depth
    this.#frames.kind[depth] = kind
    this.#frames.keyAt[depth] = -1
    this.#frames.index[depth] = 0
    this.#base[depth] = this.#top
    // Of a value before this one that ended inside its object.
    this.#sets[depth] = undefined
  }

  #close(): void {
    this.#top = this.#base[this.#depth--]!
  }

  /** From an opening bracket that is too deep to after its end; only strings and brackets matter in there. */
  #skipDeep(at: number): number {
    this.#report('too_deep', at)
    let open = 0
    while (at < this.#to) {
      const byte = this.#bytes[at]!
      if (byte === QUOTE) {
        at = this.#text(at)
        if (at < 0) return -1
        continue
      }
      if (byte === 0x7b || byte === 0x5b) open++
      else if (byte === 0x7d || byte === 0x5d) open--
      this.#highBits |= byte
      at++
      if (open === 0) return at
    }
    return -1
  }

  /** From the opening quote to after the closing one. */
  #text(at: number): number {
    const bytes = this.#bytes
    const to = this.#to
    let high = 0
    for (let i = at + 1; i < to; i++) {
      const byte = bytes[i]!
      if (byte === QUOTE) {
        this.#highBits |= high
        return i + 1
      }
      if (byte === BACKSLASH) i = this.#escape(i)
      else high |= byte
    }
    this.#highBits |= high
    return -1
  }

  /** At a backslash; returns the last byte of the escape. Finds surrogates without their other half. */
  #escape(at: number): number {
    if (this.#bytes[at + 1] !== 0x75) return at + 1
    const unit = this.#codeUnit(at)
    if (unit < 0xd800 || unit > 0xdfff) return at + 5
    const next = unit < 0xdc00 ? this.#codeUnit(at + 6) : -1
    if (next >= 0xdc00 && next <= 0xdfff) return at + 11
    this.#report('lone_surrogate', at)
    return at + 5
  }

  /** Code unit of a `\uXXXX` at this place, −1 when there is none. */
  #codeUnit(at: number): number {
    if (at + 6 > this.#to || this.#bytes[at] !== BACKSLASH || this.#bytes[at + 1] !== 0x75)
      return -1
    const digits = Buffer.from(this.#bytes.subarray(at + 2, at + 6)).toString('latin1')
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1
  }

  #key(at: number): number {
    const bytes = this.#bytes
    const to = this.#to
    // FNV-1a, as the 32-bit number that the stack of keys holds: without a sign bit the empty key would never be found again.
    let hash = 0x811c9dc5 | 0
    let plain = 0
    let end = at + 1
    for (; end < to; end++) {
      const byte = bytes[end]!
      if (byte === QUOTE) break
      if (byte === BACKSLASH) {
        end = this.#escape(end)
        plain = 0x80
      } else {
        hash = Math.imul(hash ^ byte, 0x01000193)
        plain |= byte
        this.#highBits |= byte
      }
    }
    if (end >= to) return -1
    this.#frames.keyAt[this.#depth] = at
    if (++this.#keys > this.#options.keys) {
      this.#report('too_many_keys', at)
      return end + 1
    }
    const name = plain >= 0x80 ? readKey(bytes, at) : undefined
    if (name !== undefined) hash = hashText(name)
    if (end - at > 9 && this.#nameAt(at, name) === '__proto__') this.#report('proto_key', at)
    if (this.#isRepeated(at, hash)) this.#report('duplicate_key', at)
    return end + 1
  }

  #nameAt(at: number, name: string | undefined): string | undefined {
    // A plain key of another first letter or length is cheap to tell apart.
    if (name !== undefined) return name
    return this.#bytes[at + 1] === 0x5f && this.#bytes[at + 10] === QUOTE
      ? readKey(this.#bytes, at)
      : undefined
  }

  /** Adds the key to its object's keys; true when it was there. */
  #isRepeated(at: number, hash: number): boolean {
    const base = this.#base[this.#depth]!
    let repeated = false
    // A hash that is there already is a repeat, or the work of somebody who looked for keys of one hash: the set knows, and
    // from then on answers for this object, so that nobody can make the search slow.
    const needsSet =
      this.#sets[this.#depth] !== undefined ||
      this.#top - base >= LINEAR_KEYS ||
      this.#hasHash(base, hash)
    if (needsSet) {
      const set = (this.#sets[this.#depth] ??= new Set(
        Array.from(this.#starts.subarray(base, this.#top), (start) => readKey(this.#bytes, start)),
      ))
      const name = readKey(this.#bytes, at)
      repeated = set.has(name)
      set.add(name)
    }
    this.#hashes[this.#top] = hash
    this.#starts[this.#top++] = at
    return repeated
  }

  #hasHash(from: number, hash: number): boolean {
    for (let i = from; i < this.#top; i++) if (this.#hashes[i] === hash) return true
    return false
  }

  #number(at: number): number {
    const end = numberEnd(this.#bytes, at, this.#to)
    // Short numbers (nearly all) can be neither unsafe nor out of range unless they have an exponent.
    if (end - at >= 4) {
      const code = judgeNumber(this.#bytes, at, end)
      if (code !== undefined) this.#report(code, at)
    }
    return end
  }

  /** `true`, `false`, `null`, or rubbish that the parser will refuse. */
  #word(at: number): number {
    let end = at
    while (end < this.#to) {
      const byte = this.#bytes[end]!
      if (byte <= 0x20 || byte === 0x2c || byte === QUOTE || byte === 0x5d || byte === 0x7d) break
      this.#highBits |= byte
      end++
    }
    return end === at ? at + 1 : end
  }

  #report(code: JsonFaultCode, position: number): void {
    this.#fault ??= {
      code,
      pointer: jsonPointer(this.#bytes, this.#frames, this.#depth),
      position,
    }
  }
}

function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

function firstInvalidUtf8(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to) {
    const lead = bytes[at]!
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (!isUtf8(bytes.subarray(at, Math.min(at + length, to)))) return at
    at += length
  }
  return from
}
