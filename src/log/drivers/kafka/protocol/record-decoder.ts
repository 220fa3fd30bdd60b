/** Record batches as a broker sends them: checksum, decompression, records; control and aborted ones left out. */
import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka'
import type { LogRecord, RecordHeader } from '../../../../core/index.ts'
import { crc32c } from '../../../../kernels/index.ts'
import { logError } from '../../../errors.ts'
import { BATCH_HEADER_BYTES, type ProducerPlace } from './record-encoder.ts'
import { VarintReader } from './varint.ts'

const IS_TRANSACTIONAL = 0x10
const IS_CONTROL = 0x20
const CODEC_MASK = 0x07
/** Bit of the attributes: the broker's time instead of the producer's, the same for the whole batch. */
const IS_LOG_APPEND_TIME = 0x08
const ABORT_MARKER = 0

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export interface DecodedBatches {
  readonly records: LogRecord[]
  /** Offset after the last whole batch; `from` when there is none. */
  readonly nextOffset: number
  /** Leader epochs of the batches, each from one offset up to another. */
  readonly epochs: readonly EpochRange[]
}

export interface EpochRange {
  readonly epoch: number
  readonly from: number
  readonly to: number
}

export type BatchListener = (producer: ProducerPlace, baseOffset: number) => void

export interface BatchSource {
  readonly topic: string
  readonly partition: number
  /** Records below it are left out: a batch may begin before the offset asked for. */
  readonly from: number
  readonly aborted: readonly AbortedTransaction[]
  readonly onBatch?: BatchListener | undefined
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
/** Header names repeat; the bound keeps a hostile producer from filling memory. */
const names = new Map<string, string>()
const MAX_NAMES = 1_000

/** Throws LOG_CORRUPT for a batch whose checksum is wrong, unless whole batches come before it. */
export function decodeBatches(bytes: Buffer, source: BatchSource): DecodedBatches {
  const records: LogRecord[] = []
  const epochs: EpochRange[] = []
  const aborted = source.aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset))
  const aborting = new Set<bigint>()
  let nextOffset = source.from
  // The last batch may be cut off at the size asked for.
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length;) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const batch = bytes.subarray(at, end)
    const base = offsetOf(batch.readBigInt64BE(0))
    const last = base + batch.readInt32BE(23)
    if (batch.readInt8(16) !== 2 || crc32c(batch.subarray(21)) !== batch.readUInt32BE(17)) {
      if (nextOffset > source.from) break
      throw corrupt(source, base, last + 1)
    }
    const attributes = batch.readInt16BE(21)
    const producerId = batch.readBigInt64BE(43)
    if (source.onBatch !== undefined) {
      const producerEpoch = batch.readInt16BE(51)
      source.onBatch({ producerId, producerEpoch, sequence: batch.readInt32BE(53) }, base)
    }
    while (aborted[0] !== undefined && aborted[0].firstOffset <= BigInt(last)) {
      aborting.add(aborted.shift()!.producerId)
    }
    if ((attributes & IS_CONTROL) !== 0) {
      if (controlKind(batch) === ABORT_MARKER) aborting.delete(producerId)
    } else if ((attributes & IS_TRANSACTIONAL) === 0 || !aborting.has(producerId)) {
      decodeBatch(batch, base, attributes, source, records)
    }
    epochs.push({ epoch: batch.readInt32BE(12), from: nextOffset, to: last + 1 })
    nextOffset = Math.max(nextOffset, last + 1)
    at = end
  }
  return { records, nextOffset, epochs }
}

/** Offsets are numbers in this product: decisions/0003. */
export function offsetOf(offset: bigint): number {
  const value = Number(offset)
  if (Number.isSafeInteger(value)) return value
  throw new RangeError(`offset ${offset} is beyond 2^53`)
}

/** Key of a control record: version, then kind, 16 bits each. */
function controlKind(batch: Buffer): number {
  const reader = new VarintReader(batch, BATCH_HEADER_BYTES)
  reader.read()
  reader.at++
  reader.read()
  reader.read()
  const key = reader.take(reader.read())
  return key === null || key.length < 4 ? -1 : (key[2]! << 8) | key[3]!
}

function decodeBatch(
  batch: Buffer,
  base: number,
  attributes: number,
  { topic, partition, from }: BatchSource,
  records: LogRecord[],
): void {
  const baseTimestamp = Number(batch.readBigInt64BE(27))
  const appendTime =
    (attributes & IS_LOG_APPEND_TIME) === 0 ? undefined : Number(batch.readBigInt64BE(35))
  const count = batch.readInt32BE(57)
  const codec = attributes & CODEC_MASK
  const packed = batch.subarray(BATCH_HEADER_BYTES)
  const reader = new VarintReader(codec === 0 ? packed : unpack(packed, codec))
  for (let index = 0; index < count; index++) {
    const length = reader.read()
    const end = reader.at + length
    reader.at++
    const timestamp = appendTime ?? baseTimestamp + reader.read()
    if (appendTime !== undefined) reader.read()
    const offset = base + reader.read()
    if (offset >= from) {
      const key = view(reader.take(reader.read()))
      const value = view(reader.take(reader.read()))
      const headers = readHeaders(reader)
      records.push({ topic, partition, offset, key, value, headers, timestamp })
    }
    reader.at = end
  }
}

const NO_HEADERS: readonly RecordHeader[] = []

function readHeaders(reader: VarintReader): readonly RecordHeader[] {
  const count = reader.read()
  if (count === 0) return NO_HEADERS
  const headers: RecordHeader[] = []
  for (let index = 0; index < count; index++) {
    const key = nameOf(reader.take(reader.read()) ?? new Uint8Array())
    headers.push({ key, value: view(reader.take(reader.read())) })
  }
  return headers
}

function nameOf(bytes: Uint8Array): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  let name = names.get(raw)
  if (name === undefined) {
    name = utf8.decode(bytes)
    if (names.size < MAX_NAMES) names.set(raw, name)
  }
  return name
}

/** A plain `Uint8Array`, not a `Buffer`, on the same memory. */
const view = (bytes: Uint8Array | null): Uint8Array | null =>
  bytes === null ? null : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

function unpack(packed: Buffer, codec: number): Buffer {
  const algorithm = compressionsAlgorithmsByBitmask[codec]
  if (algorithm !== undefined && algorithm.available) return algorithm.decompressSync(packed)
  const what = codec === 4 ? 'zstd, which needs Node 22.15 or newer' : `codec ${codec}`
  throw logError(
    'LOG_STORAGE_FAILED',
    `a record batch is compressed with ${what}: send it otherwise`,
  )
}

function corrupt({ topic, partition }: BatchSource, offset: number, nextOffset: number): Error {
  return logError(
    'LOG_CORRUPT',
    `the record batch at offset ${offset} of topic "${topic}", partition ${partition} does not match its checksum: read on at ${nextOffset}, or restore that broker’s replica`,
    { details: { topic, partition, offset, nextOffset } },
  )
}
