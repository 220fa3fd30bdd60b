/**
 * Writes the primitive types of the Kafka protocol. Large runs of bytes (record batches) are not copied: the result is a
 * list of pieces that go out one behind the other.
 */
const encoder = new TextEncoder()
/** Below this a copy costs less than another piece of a vectored write. */
const COPY_BYTES = 4 * 1024

export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #length = 0
  #pieces: Uint8Array[] = []
  #piecesBytes = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Makes room and returns where to write. */
  #grow(length: number): number {
    const start = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return start
  }

  int8(value: number): void {
    const at = this.#grow(1)
    this.#view.setInt8(at, value)
  }
  int16(value: number): void {
    const at = this.#grow(2)
    this.#view.setInt16(at, value)
  }
  int32(value: number): void {
    const at = this.#grow(4)
    this.#view.setInt32(at, value)
  }
  int64(value: number): void {
    const at = this.#grow(8)
    this.#view.setBigInt64(at, BigInt(value))
  }
  boolean(value: boolean): void {
    this.int8(value ? 1 : 0)
  }
  /** 32 hexadecimal digits, with or without dashes. */
  uuid(value: string): void {
    this.raw(Buffer.from(value.replaceAll('-', ''), 'hex'))
  }
  uvarint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.int8((rest & 0x7f) | 0x80)
      rest = Math.floor(rest / 128)
    }
    this.int8(rest)
  }
  /** Bytes as they are; they must not change until they were sent. */
  raw(bytes: Uint8Array): void {
    if (bytes.length < COPY_BYTES) {
      const at = this.#grow(bytes.length)
      this.#bytes.set(bytes, at)
      return
    }
    this.#cut()
    this.#pieces.push(bytes)
    this.#piecesBytes += bytes.length
  }
  /** UTF-8 bytes of a text, for a length to be written before them. */
  static utf8(text: string): Uint8Array {
    return encoder.encode(text)
  }
  get length(): number {
    return this.#piecesBytes + this.#length
  }
  /** What was written, in pieces; the writer must not be used afterwards. */
  finish(): readonly Uint8Array[] {
    this.#cut()
    return this.#pieces
  }

  #cut(): void {
    if (this.#length === 0) return
    this.#pieces.push(this.#bytes.subarray(0, this.#length))
    this.#piecesBytes += this.#length
    this.#bytes = this.#bytes.subarray(this.#length)
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength)
    this.#length = 0
  }
}
