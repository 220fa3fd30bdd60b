/**
 * Records as one run of bytes that moves to another thread: what a record's value, key and envelope are, is told by places in
 * it. Records of the log mostly lie side by side in one buffer, so a stretch of it is copied at once, not field by field.
 */
import type { LogRecord } from '../../core/index.ts'

/** What is kept of a record beside partition, offset and timestamp; the order of its places. */
export const FIELDS = ['value', 'key', 'id', 'time', 'type', 'source'] as const
export const [VALUE, KEY, ID, TIME, TYPE, SOURCE] = [0, 1, 2, 3, 4, 5] as const

export interface RecordFrame {
  readonly count: number
  /** Partition of each record. */
  readonly partitions: Int32Array<ArrayBuffer>
  /** Offset and timestamp of each record. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** Start and end in `bytes` of each field of each record; −1 for null. */
  readonly places: Int32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** What moves instead of being copied. */
export const buffersOf = ({ partitions, numbers, places, bytes }: RecordFrame): ArrayBuffer[] => [
  partitions.buffer,
  numbers.buffer,
  places.buffer,
  bytes.buffer,
]

/** Envelope fields by the names of their headers (`core/envelope.ts`). */
const HEADER_FIELDS: ReadonlyMap<string, number> = new Map([
  ['ce_id', ID],
  ['ce_time', TIME],
  ['ce_type', TYPE],
  ['ce_source', SOURCE],
])

/** What lies between two fields is copied along up to this, rather than beginning a new stretch. */
const MOST_GAP_BYTES = 256

interface Stretch {
  readonly buffer: ArrayBufferLike
  readonly from: number
  to: number
  /** Of `from` in the frame. */
  readonly at: number
}

/** The records' bytes must not change until this returns. */
export function frameOf(records: readonly LogRecord[]): RecordFrame {
  const count = records.length
  const partitions = new Int32Array(count)
  const numbers = new Float64Array(count * 2)
  const places = new Int32Array(count * FIELDS.length * 2).fill(-1)
  const packer = new Packer(places)
  for (let index = 0; index < count; index++) {
    const record = records[index]!
    partitions[index] = record.partition
    numbers[index * 2] = record.offset
    numbers[index * 2 + 1] = record.timestamp
    const at = index * FIELDS.length
    if (record.key) packer.put(at + KEY, record.key)
    if (record.value) packer.put(at + VALUE, record.value)
    for (const { key, value } of record.headers) {
      const field = HEADER_FIELDS.get(key)
      if (field !== undefined && value) packer.putAgain(at + field, field, value)
    }
  }
  return { count, partitions, numbers, places, bytes: packer.bytes() }
}

class Packer {
  readonly #places: Int32Array
  readonly #stretches: Stretch[] = []
  /** Headers that repeat are one object: it is copied once. */
  readonly #known: { value: Uint8Array; place: number }[] = []
  #open: Stretch | undefined
  #size = 0

  constructor(places: Int32Array) {
    this.#places = places
  }

  put(place: number, value: Uint8Array): void {
    const { buffer, byteOffset: from, length } = value
    const to = from + length
    let open = this.#open
    const isNear =
      open !== undefined &&
      open.buffer === buffer &&
      from >= open.from &&
      from - open.to <= MOST_GAP_BYTES
    if (!isNear) {
      open = { buffer, from, to, at: this.#size }
      this.#open = open
      this.#stretches.push(open)
      this.#size += length
    } else if (to > open!.to) {
      this.#size += to - open!.to
      open!.to = to
    }
    const start = open!.at + from - open!.from
    this.#places[place * 2] = start
    this.#places[place * 2 + 1] = start + length
  }

  putAgain(place: number, field: number, value: Uint8Array): void {
    const known = this.#known[field]
    if (known?.value === value) {
      this.#places[place * 2] = this.#places[known.place * 2]!
      this.#places[place * 2 + 1] = this.#places[known.place * 2 + 1]!
      return
    }
    this.put(place, value)
    this.#known[field] = { value, place }
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#size)
    for (const { buffer, from, to, at } of this.#stretches) {
      bytes.set(new Uint8Array(buffer, from, to - from), at)
    }
    return bytes
  }
}
