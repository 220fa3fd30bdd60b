/**
 * CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected 0x82F63B78; RFC 3720, appendix B.4): the checksum of Kafka's
 * record batches. Slicing by 8 (Kounavis and Berry, "Novel table lookup-based algorithms for high-performance CRC
 * generation", 2008): eight tables of 256 entries let one step consume eight bytes. Long runs are folded first, which is
 * several times as fast (crc32c-folding.ts).
 */
import { BLOCK_BYTES, openFolding } from './crc32c-folding.ts'

const REFLECTED_POLYNOMIAL = 0x82f63b78

/** Table k (entries 256·k …) holds the CRC of a byte that is followed by k zero bytes. */
const TABLES = buildTables()

function buildTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ REFLECTED_POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256]!
    tables[index] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}

/** Below this the copy into the module's memory is not worth it. */
const FOLD_FROM_BYTES = 512

const folding = openFolding((register, zeros) => slice(new Uint8Array(zeros), 0, zeros, register))

/**
 * CRC-32C of `bytes[start, end)` as an unsigned 32-bit integer. Does not allocate; O(n), several GB/s.
 *
 * @param previous the CRC of the bytes before, to continue over several pieces.
 */
export function crc32c(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  previous = 0,
): number {
  if (folding === undefined || end - start < FOLD_FROM_BYTES) {
    return ~slice(bytes, start, end, ~previous) >>> 0
  }
  const folded = end - ((end - start) % BLOCK_BYTES)
  const state = folding.fold(bytes, start, folded, ~previous)
  return ~slice(bytes, folded, end, slice(state, 0, BLOCK_BYTES, 0)) >>> 0
}

/** The register after `bytes[start, end)`; about 1 GB/s. */
function slice(bytes: Uint8Array, start: number, end: number, register: number): number {
  const tables = TABLES
  let crc = register
  let at = start
  for (const last = end - 8; at <= last; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      tables[1792 + (crc & 0xff)]! ^
      tables[1536 + ((crc >>> 8) & 0xff)]! ^
      tables[1280 + ((crc >>> 16) & 0xff)]! ^
      tables[1024 + (crc >>> 24)]! ^
      tables[768 + bytes[at + 4]!]! ^
      tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 0xff]!
  return crc
}
