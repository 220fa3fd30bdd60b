/** Record batches v2 as a client makes them, apart from the log's own encoder; and what a fetch returned, taken apart. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { crc32c } from '../kernels/index.ts'

export interface BatchChoice {
  readonly producerId?: number
  readonly epoch?: number
  readonly sequence?: number
  readonly gzip?: boolean
  readonly timestamp?: number
}

export const TIMESTAMP = 1_700_000_000_000

/** A batch with these values, without keys, one millisecond apart. */
export function batchOf(values: readonly string[], choice: BatchChoice = {}): Uint8Array {
  const { producerId = -1, epoch = -1, sequence = -1, gzip = false } = choice
  const { timestamp = TIMESTAMP } = choice
  const plain = Buffer.concat(values.map(recordOf))
  const records = gzip ? gzipSync(plain) : plain
  const header = Buffer.alloc(61)
  header.writeInt32BE(61 + records.length - 12, 8)
  header.writeInt32BE(-1, 12)
  header.writeInt8(2, 16)
  header.writeInt16BE(gzip ? 1 : 0, 21)
  header.writeInt32BE(values.length - 1, 23)
  header.writeBigInt64BE(BigInt(timestamp), 27)
  header.writeBigInt64BE(BigInt(timestamp + values.length - 1), 35)
  header.writeBigInt64BE(BigInt(producerId), 43)
  header.writeInt16BE(epoch, 51)
  header.writeInt32BE(sequence, 53)
  header.writeInt32BE(values.length, 57)
  const batch = Buffer.concat([header, records])
  batch.writeUInt32BE(crc32c(batch, 21), 17)
  return batch
}

function recordOf(value: string, index: number): Buffer {
  const bytes = Buffer.from(value)
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(index),
    varint(index),
    varint(-1),
    varint(bytes.length),
    bytes,
    varint(0),
  ])
  return Buffer.concat([varint(body.length), body])
}

function varint(value: number): Buffer {
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  const bytes: number[] = []
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

/** The values of adjacent batches, each with its offset before it: `5=hello`. */
export function valuesIn(bytes: Uint8Array | null): string[] {
  const found: string[] = []
  const all = Buffer.from(bytes ?? [])
  for (let at = 0; at < all.length;) {
    const end = at + 12 + all.readInt32BE(at + 8)
    const base = Number(all.readBigInt64BE(at))
    const isGzip = (all.readInt16BE(at + 21) & 7) === 1
    const stored = all.subarray(at + 61, end)
    found.push(...recordsIn(isGzip ? gunzipSync(stored) : stored, base))
    at = end
  }
  return found
}

function recordsIn(records: Buffer, base: number): string[] {
  const found: string[] = []
  let at = 0
  const next = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = records[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
  }
  while (at < records.length) {
    const length = next()
    const end = at + length
    at += 1
    next()
    const offset = base + next()
    const keyBytes = next()
    if (keyBytes > 0) at += keyBytes
    const valueBytes = next()
    found.push(`${offset}=${records.subarray(at, at + Math.max(0, valueBytes)).toString()}`)
    at = end
  }
  return found
}
