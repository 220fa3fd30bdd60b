/** Thrift's compact protocol, as much of it as Parquet's metadata needs: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */

const I32 = 5
const I64 = 6
const BINARY = 8
const LIST = 9
const STRUCT = 12
/** A list of fewer has its size in the byte of its type. */
const LONG_LIST = 15

const encoder = new TextEncoder()

/** Fields of one struct must be written in ascending order of their ids. */
export class ThriftWriter {
  readonly #bytes: number[] = []
  readonly #open: number[] = []
  #last = 0

  i32(id: number, value: number): void {
    this.#field(id, I32)
    this.#varint(zigzag(value))
  }

  /** ± 2^52 at most: offsets and counts. */
  i64(id: number, value: number): void {
    this.#field(id, I64)
    this.#varint(zigzag(value))
  }

  text(id: number, value: string): void {
    this.#field(id, BINARY)
    this.#text(value)
  }

  struct(id: number, body: () => void): void {
    this.#field(id, STRUCT)
    this.#fields(body)
  }

  structs<Item>(id: number, items: readonly Item[], body: (item: Item) => void): void {
    this.#list(id, STRUCT, items.length)
    for (const item of items) this.#fields(() => body(item))
  }

  i32s(id: number, values: readonly number[]): void {
    this.#list(id, I32, values.length)
    for (const value of values) this.#varint(zigzag(value))
  }

  texts(id: number, values: readonly string[]): void {
    this.#list(id, BINARY, values.length)
    for (const value of values) this.#text(value)
  }

  /** The struct that everything was written to. */
  end(): Uint8Array {
    return Uint8Array.from([...this.#bytes, 0])
  }

  #fields(body: () => void): void {
    this.#open.push(this.#last)
    this.#last = 0
    body()
    this.#bytes.push(0)
    this.#last = this.#open.pop() ?? 0
  }

  /** The ids here ascend by less than 16, so each fits beside its type. */
  #field(id: number, type: number): void {
    this.#bytes.push(((id - this.#last) << 4) | type)
    this.#last = id
  }

  #list(id: number, type: number, size: number): void {
    this.#field(id, LIST)
    if (size < LONG_LIST) this.#bytes.push((size << 4) | type)
    else {
      this.#bytes.push((LONG_LIST << 4) | type)
      this.#varint(size)
    }
  }

  #text(value: string): void {
    const bytes = encoder.encode(value)
    this.#varint(bytes.length)
    for (const byte of bytes) this.#bytes.push(byte)
  }

  #varint(value: number): void {
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) | 128)
    this.#bytes.push(rest)
  }
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)
