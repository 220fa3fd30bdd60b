/**
 * Kafka's variable-length integers (protocol guide, "Protocol primitive types"; the encoding of Protocol Buffers): zigzag
 * first, then seven bits a byte, the lowest first.
 */

/** Bytes of the zigzag varint of a signed 32-bit integer. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x20_0000) return 3
  return zigzag < 0x1000_0000 ? 4 : 5
}

/** Writes a signed 32-bit integer; returns the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  let position = at
  while (zigzag > 0x7f) {
    bytes[position++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  bytes[position++] = zigzag
  return position
}

const INT31 = 0x3fff_ffff

/** Bytes of the zigzag varlong of an integer of magnitude below 2^52: its zigzag form is exact as a double. */
export function varlongSize(value: number): number {
  if (value >= -INT31 && value <= INT31) return varintSize(value)
  let zigzag = value >= 0 ? value * 2 : -value * 2 - 1
  let size = 1
  for (; zigzag >= 0x80; size++) zigzag = Math.floor(zigzag / 0x80)
  return size
}

export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value >= -INT31 && value <= INT31) return writeVarint(bytes, at, value)
  let zigzag = value >= 0 ? value * 2 : -value * 2 - 1
  let position = at
  while (zigzag >= 0x80) {
    bytes[position++] = (zigzag % 0x80) | 0x80
    zigzag = Math.floor(zigzag / 0x80)
  }
  bytes[position++] = zigzag
  return position
}

/** Reads varints one after the other; throws RangeError at the end of the bytes or at an overlong number. */
export class VarintReader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  varint(): number {
    const bytes = this.bytes
    let byte = this.#byte()
    let zigzag = byte & 0x7f
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift > 28) throw new RangeError('a varint is longer than five bytes')
      if (this.at >= this.end) throw new RangeError('a varint ends too early')
      byte = bytes[this.at++]!
      zigzag |= (byte & 0x7f) << shift
    }
    return (zigzag >>> 1) ^ -(zigzag & 1)
  }

  varlong(): number {
    let byte = this.#byte()
    let zigzag = byte & 0x7f
    for (let factor = 0x80; byte > 0x7f; factor *= 0x80) {
      if (factor > 2 ** 56) throw new RangeError('a varlong is longer than nine bytes')
      byte = this.#byte()
      zigzag += (byte & 0x7f) * factor
    }
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  /** Steps over a run of bytes. */
  skip(length: number): void {
    if (length < 0 || this.at + length > this.end) throw new RangeError('a field ends too early')
    this.at += length
  }

  /** A run of bytes as a view, no copy. */
  take(length: number): Uint8Array {
    const start = this.at
    if (length < 0 || start + length > this.end) throw new RangeError('a field ends too early')
    this.at = start + length
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length)
  }

  #byte(): number {
    if (this.at >= this.end) throw new RangeError('a varint ends too early')
    return this.bytes[this.at++]!
  }
}
