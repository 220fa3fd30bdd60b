/** Zigzag varints of the record format, exact for whole numbers within ± 2^52. */

const zigzag = (value: number): number => (value >= 0 ? value * 2 : value * -2 - 1)

export function varintSize(value: number): number {
  let rest = zigzag(value)
  let size = 1
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80)
    size++
  }
  return size
}

/** Position after the number. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = zigzag(value)
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  target[at++] = rest
  return at
}

/** A place in bytes that reading moves on. */
export class VarintReader {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  read(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.bytes[this.at++]
      if (byte === undefined || scale > 2 ** 63) throw new RangeError('a number does not end')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
  }

  /** A view of `length` bytes, or null for a negative length. */
  take(length: number): Uint8Array | null {
    if (length < 0) return null
    const start = this.at
    if (start + length > this.bytes.length) throw new RangeError('a field ends behind its record')
    this.at = start + length
    return this.bytes.subarray(start, this.at)
  }
}
