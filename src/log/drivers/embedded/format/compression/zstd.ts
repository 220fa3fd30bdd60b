/**
 * Zstandard (RFC 8878) by `fzstd`, which trusts what a frame claims: the header and the chain of blocks are checked before
 * (section 3.1.1), so that nothing is allocated for a claim.
 */
import { decompress } from 'fzstd'
import { TooLargeError } from './bounded-output.ts'

const MAGIC = 0xfd2fb528
/** What RFC 8878, section 3.1.1.1.2, recommends that every decoder supports. */
const MAX_WINDOW_BYTES = 8 * 1024 * 1024
/** Section 3.1.1.2.3: no block is larger when decompressed. */
const MAX_BLOCK_BYTES = 128 * 1024
const BLOCK_RLE = 1
const BLOCK_COMPRESSED = 2
const BLOCK_RESERVED = 3

/** Throws RangeError for anything that is no single Zstandard frame, TooLargeError above `maxBytes`. */
export function unzstd(bytes: Uint8Array, maxBytes: number): Uint8Array {
  checkFrame(bytes, maxBytes)
  try {
    const output = decompress(bytes)
    if (output.length > maxBytes) throw new TooLargeError(maxBytes)
    return output
  } catch (error) {
    if (error instanceof RangeError) throw error
    throw new RangeError('a Zstandard frame is damaged', { cause: error })
  }
}

function checkFrame(bytes: Uint8Array, maxBytes: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('no Zstandard frame begins there')
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  let at = 5
  if (!isSingleSegment) {
    const window = view.getUint8(at++)
    const base = 2 ** (10 + (window >> 3))
    if (base + (base / 8) * (window & 7) > MAX_WINDOW_BYTES) {
      throw new RangeError(`a Zstandard window is larger than ${MAX_WINDOW_BYTES} bytes`)
    }
  }
  if ((descriptor & 3) !== 0) throw new RangeError('a Zstandard frame needs a dictionary')
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
  if (contentSize(view, at, sizeBytes) > maxBytes) throw new TooLargeError(maxBytes)
  at = endOfBlocks(view, at + sizeBytes, maxBytes)
  if ((descriptor & 4) !== 0) at += 4
  if (at !== bytes.length) throw new RangeError('bytes follow a Zstandard frame')
}

/** Frame content size, section 3.1.1.1.4; 0 when it is not there. */
function contentSize(view: DataView, at: number, sizeBytes: number): number {
  if (sizeBytes === 1) return view.getUint8(at)
  if (sizeBytes === 2) return view.getUint16(at, true) + 256
  if (sizeBytes === 4) return view.getUint32(at, true)
  return sizeBytes === 8 ? Number(view.getBigUint64(at, true)) : 0
}

/** Walks the block headers (section 3.1.1.2) and returns where the last block ends. */
function endOfBlocks(view: DataView, start: number, maxBytes: number): number {
  let most = 0
  for (let at = start; ;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    const type = (header >> 1) & 3
    const size = header >> 3
    if (type === BLOCK_RESERVED) throw new RangeError('a Zstandard block is of no known type')
    most += type === BLOCK_COMPRESSED ? MAX_BLOCK_BYTES : size
    // Blocks that a client flushed early are smaller than this assumes: twice the bound leaves room for them.
    if (most > 2 * maxBytes) throw new TooLargeError(maxBytes)
    at += 3 + (type === BLOCK_RLE ? 1 : size)
    if (at > view.byteLength) throw new RangeError('a Zstandard block ends too early')
    if ((header & 1) !== 0) return at
  }
}
