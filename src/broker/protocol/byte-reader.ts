/**
 * Reads the primitive types of the Kafka protocol (protocol guide, section "Protocol Primitive Types"). A length that
 * does not fit the frame is BROKER_MALFORMED at once: nothing is allocated for a length that was only claimed.
 */
import { brokerError } from '../errors.ts'

/**
 * Items of all arrays of one message. An item may take one byte on the wire and a hundred in memory: without a bound a
 * frame of the largest size would become gigabytes.
 */
const MAX_ITEMS = 100_000

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class ByteReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  #position = 0
  #items = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  /** Moves on by `length` bytes and returns where they begin. */
  #take(length: number): number {
    if (length < 0 || length > this.remaining) {
      throw brokerError(
        'BROKER_MALFORMED',
        `a field of ${length} bytes does not fit the ${this.remaining} bytes that are left of the frame`,
      )
    }
    const start = this.#position
    this.#position += length
    return start
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1))
  }
  int16(): number {
    return this.#view.getInt16(this.#take(2))
  }
  int32(): number {
    return this.#view.getInt32(this.#take(4))
  }
  /** As a number: exact within ± (2^53 − 1), which offsets, timestamps and producer ids are. */
  int64(): number {
    return Number(this.#view.getBigInt64(this.#take(8)))
  }
  boolean(): boolean {
    return this.int8() !== 0
  }
  uuid(): string {
    return Buffer.from(this.raw(16)).toString('hex')
  }
  /** Unsigned base-128 varint of at most 32 bits. */
  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#view.getUint8(this.#take(1))
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw brokerError('BROKER_MALFORMED', 'a varint is longer than five bytes')
  }
  /** The next `length` bytes, a view into the frame. */
  raw(length: number): Uint8Array {
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }
  /** Tells of an array before it is read. Every item takes at least one byte, so a longer array cannot be in this frame. */
  items(count: number): void {
    this.#items += count
    if (count <= this.remaining && this.#items <= MAX_ITEMS) return
    throw brokerError(
      'BROKER_MALFORMED',
      `an array of ${count} items does not fit the ${this.remaining} bytes that are left of the frame, or ${MAX_ITEMS} items`,
    )
  }
  text(length: number): string {
    try {
      return decoder.decode(this.raw(length))
    } catch (cause) {
      throw brokerError('BROKER_MALFORMED', 'a string is not UTF-8', { cause })
    }
  }
}
