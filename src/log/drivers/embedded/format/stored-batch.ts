/**
 * A record batch that a Kafka client made, checked before it may become part of a segment: whatever is stored is read again
 * by sinks and features, so a batch that only looks whole would stop its partition for ever.
 *
 * The batch stays as it came, compressed records too. Only what the broker owns is set (base offset, leader epoch; both are
 * outside the checksum), and a wrong maxTimestamp, because looking up an offset by time relies on it.
 */
import { isUtf8 } from 'node:buffer'
import type { MillraceError } from '../../../../core/index.ts'
import { crc32c } from '../../../../kernels/index.ts'
import { logError } from '../../../errors.ts'
import type { BatchFault } from '../../../log-wire.ts'
import { MAX_TIMESTAMP_MS } from './batch-encoder.ts'
import {
  BATCH_HEADER_BYTES,
  batchSize,
  checksumHolds,
  COMPRESSION_MASK,
  CRC_FROM,
  LENGTH_PREFIX_BYTES,
  MAGIC,
  MAX_RECORDS_BYTES,
  readInt32,
  readInt64,
} from './batch-header.ts'
import { decompress, isKnownCodec, TooLargeError } from './compression/decompress.ts'
import { readProducer, type ProducerSequence } from './producer-sequence.ts'
import { VarintReader } from './varint.ts'

/** Attribute bit 4: part of a transaction. */
const IS_TRANSACTIONAL = 0x10
/** Bits that only a broker sets: append time, control batch, delete horizon, and those without a meaning. */
const BROKER_BITS = 0xffff & ~(COMPRESSION_MASK | IS_TRANSACTIONAL)
/** A reader holds every record of a batch at once: this many are about 40 MB of objects. */
const MAX_RECORDS = 250_000
/** Key and headers of a record together: three quarters of what an append may have, so that it fits as a dead letter too. */
const MAX_OVERHEAD_BYTES = 48 * 1024

export interface BatchRules {
  readonly topic: string
  /** Largest record value, bytes. */
  readonly recordBytes: number
  /** Largest batch as it came, bytes. */
  readonly batchBytes: number
  /** The topic keeps the last record of each key, so every record needs one. */
  readonly needsKeys: boolean
}

/** A batch that may be stored. Owns its bytes. */
export interface StoredBatch {
  readonly sizeBytes: number
  /** Offsets that it covers, which is the number of its records. */
  readonly span: number
  readonly maxTimestamp: number
  /** Undefined without an idempotent producer. */
  readonly producer: ProducerSequence | undefined
  /** The batch at `baseOffset`. */
  finish(baseOffset: number): Uint8Array
}

/**
 * Checks the one batch that `bytes` must be; they belong to the batch from then on.
 * Throws LOG_INVALID_BATCH with the fault in its details.
 */
export function checkStoredBatch(bytes: Uint8Array, rules: BatchRules): StoredBatch {
  const refuse = (fault: BatchFault, rule: string): MillraceError =>
    logError('LOG_INVALID_BATCH', `a record batch for topic "${rules.topic}" ${rule}`, {
      details: { topic: rules.topic, fault },
    })
  checkFrame(bytes, rules, refuse)
  const recordCount = readInt32(bytes, 57)
  if (recordCount < 1 || readInt32(bytes, 23) !== recordCount - 1) {
    throw refuse('malformed', 'does not have as many offsets as records')
  }
  if (recordCount > MAX_RECORDS) {
    throw refuse('too-large', `has ${recordCount} records: send at most ${MAX_RECORDS}`)
  }
  const producer = readProducer(bytes, 0)
  if (producer !== undefined && (producer.epoch < 0 || producer.first < 0)) {
    throw refuse('malformed', 'names a producer without epoch or sequence')
  }
  const walk = checkRecords(bytes, recordCount, rules, refuse)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (walk.maxTimestamp !== readInt64(bytes, 35)) {
    view.setBigInt64(35, BigInt(walk.maxTimestamp))
    view.setUint32(17, crc32c(bytes, CRC_FROM))
  }
  view.setInt32(12, 0)
  return {
    sizeBytes: bytes.length,
    span: recordCount,
    maxTimestamp: walk.maxTimestamp,
    producer,
    finish(baseOffset) {
      view.setBigInt64(0, BigInt(baseOffset))
      return bytes
    },
  }
}

type Refuse = (fault: BatchFault, rule: string) => MillraceError

/** Everything that can be said without looking at a record. */
function checkFrame(bytes: Uint8Array, rules: BatchRules, refuse: Refuse): void {
  if (bytes.length <= LENGTH_PREFIX_BYTES + 4) throw refuse('malformed', 'is too short')
  const magic = bytes[16]!
  if (magic < MAGIC) {
    throw refuse('old-format', `has message format v${magic}: use a client that writes v2`)
  }
  if (magic !== MAGIC) throw refuse('malformed', `has the unknown message format v${magic}`)
  if (bytes.length > rules.batchBytes) {
    throw refuse('too-large', `has ${bytes.length} bytes: send at most ${rules.batchBytes}`)
  }
  if (bytes.length < BATCH_HEADER_BYTES || batchSize(bytes, 0) !== bytes.length) {
    throw refuse('malformed', 'is not as long as it says, or not the only one: send one')
  }
  if (!checksumHolds(bytes, 0, bytes.length)) throw refuse('checksum', 'has a wrong checksum')
  const attributes = (bytes[21]! << 8) | bytes[22]!
  if ((attributes & BROKER_BITS) !== 0) {
    throw refuse(
      'malformed',
      `has attributes 0x${attributes.toString(16)}, which clients do not set`,
    )
  }
  if ((attributes & IS_TRANSACTIONAL) !== 0) {
    throw refuse('transactional', 'is part of a transaction, which is not supported')
  }
  const codec = attributes & COMPRESSION_MASK
  if (!isKnownCodec(codec)) {
    throw refuse('compression', `has compression codec ${codec}: use gzip, snappy, lz4 or zstd`)
  }
}

/** Reads every record as a reader will. */
function checkRecords(
  bytes: Uint8Array,
  count: number,
  rules: BatchRules,
  refuse: Refuse,
): { maxTimestamp: number } {
  const baseTimestamp = readInt64(bytes, 27)
  const checkTimestamp = (timestamp: number): void => {
    if (Math.abs(timestamp) <= MAX_TIMESTAMP_MS) return
    throw refuse('timestamp', `has timestamp ${timestamp}: use milliseconds since 1970`)
  }
  checkTimestamp(baseTimestamp)
  let maxTimestamp = -Infinity
  try {
    const reader = openRecords(bytes)
    for (let index = 0; index < count; index++) {
      const record = readRecord(reader, index)
      const timestamp = baseTimestamp + record.timestampDelta
      checkTimestamp(timestamp)
      if (timestamp > maxTimestamp) maxTimestamp = timestamp
      if (record.keyBytes < 0 && rules.needsKeys) {
        throw refuse('keyless', 'has a record without a key: the topic keeps the last of each key')
      }
      if (record.valueBytes > rules.recordBytes) {
        const rule = `has a value of ${record.valueBytes} bytes: send at most ${rules.recordBytes}`
        throw refuse('too-large', rule)
      }
      if (record.overheadBytes > MAX_OVERHEAD_BYTES) {
        const rule = `has ${record.overheadBytes} bytes of key and headers: send at most ${MAX_OVERHEAD_BYTES}`
        throw refuse('too-large', rule)
      }
    }
    if (reader.at !== reader.end) throw new RangeError('bytes follow the last record')
  } catch (error) {
    if (error instanceof TooLargeError) throw refuse('too-large', `is too large: ${error.message}`)
    if (error instanceof RangeError) throw refuse('malformed', `cannot be read: ${error.message}`)
    throw error
  }
  return { maxTimestamp }
}

function openRecords(bytes: Uint8Array): VarintReader {
  const codec = bytes[22]! & COMPRESSION_MASK
  if (codec === 0) return new VarintReader(bytes, BATCH_HEADER_BYTES, bytes.length)
  const records = decompress(codec, bytes.subarray(BATCH_HEADER_BYTES), MAX_RECORDS_BYTES)
  return new VarintReader(records, 0, records.length)
}

interface RecordSizes {
  readonly timestampDelta: number
  /** −1 without a key. */
  readonly keyBytes: number
  readonly valueBytes: number
  readonly overheadBytes: number
}

function readRecord(reader: VarintReader, index: number): RecordSizes {
  const length = reader.varint()
  const start = reader.at
  const end = start + length
  if (length < 0 || end > reader.end) throw new RangeError('a record ends after its batch')
  reader.skip(1)
  const timestampDelta = reader.varlong()
  if (reader.varint() !== index) throw new RangeError('offsets of records are not consecutive')
  const keyBytes = reader.varint()
  if (keyBytes > 0) reader.skip(keyBytes)
  const valueBytes = reader.varint()
  if (valueBytes > 0) reader.skip(valueBytes)
  const headers = reader.varint()
  if (headers < 0) throw new RangeError('a record has a negative count of headers')
  for (let step = 0; step < headers; step++) {
    const nameBytes = reader.varint()
    const name = reader.at
    reader.skip(nameBytes)
    if (!isText(reader.bytes, name, reader.at)) throw new RangeError('a header name is no UTF-8')
    const headerBytes = reader.varint()
    if (headerBytes > 0) reader.skip(headerBytes)
  }
  if (reader.at !== end) throw new RangeError('a record is not as long as it says')
  return { timestampDelta, keyBytes, valueBytes, overheadBytes: length - Math.max(0, valueBytes) }
}

function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at]! >= 0x80) return isUtf8(bytes.subarray(start, end))
  }
  return true
}
