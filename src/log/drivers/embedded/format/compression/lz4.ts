/**
 * The LZ4 frame format (lz4/lz4, doc/lz4_Frame_format.md) and its blocks (doc/lz4_Block_format.md). Its checksums are not
 * looked at: the record batch around it has one of its own.
 */
import { BoundedOutput } from './bounded-output.ts'

const FRAME_MAGIC = 0x184d2204
const VERSION_MASK = 0xc0
const VERSION_1 = 0x40
const HAS_BLOCK_CHECKSUM = 0x10
const HAS_CONTENT_SIZE = 0x08
const HAS_CONTENT_CHECKSUM = 0x04
const HAS_DICTIONARY = 0x01
const IS_UNCOMPRESSED = 0x8000_0000
/** Every match is this much longer than its token says. */
const MIN_MATCH = 4

/** Throws RangeError for anything that is no LZ4 frame, TooLargeError above `maxBytes`. */
export function unlz4(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const flags = bytes[4] ?? 0
  if (view.getUint32(0, true) !== FRAME_MAGIC || (flags & VERSION_MASK) !== VERSION_1) {
    throw new RangeError('no LZ4 frame begins there')
  }
  if ((flags & HAS_DICTIONARY) !== 0) throw new RangeError('an LZ4 frame needs a dictionary')
  // Magic, flags, block descriptor, content size if there, header checksum.
  let at = (flags & HAS_CONTENT_SIZE) === 0 ? 7 : 15
  const output = new BoundedOutput(maxBytes, Math.min(bytes.length * 2, maxBytes))
  for (;;) {
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) break
    const size = word % IS_UNCOMPRESSED
    if (at + size > bytes.length) throw new RangeError('an LZ4 block ends too early')
    if (word >= IS_UNCOMPRESSED) output.append(bytes, at, at + size)
    else decodeBlock(bytes.subarray(at, at + size), output)
    at += size + ((flags & HAS_BLOCK_CHECKSUM) === 0 ? 0 : 4)
  }
  if ((flags & HAS_CONTENT_CHECKSUM) !== 0) at += 4
  if (at !== bytes.length) throw new RangeError('bytes follow an LZ4 frame')
  return output.finish()
}

function decodeBlock(block: Uint8Array, output: BoundedOutput): void {
  let at = 0
  /** A length of 15 goes on in the bytes that follow, as long as they are 255. */
  const lengthFrom = (start: number): number => {
    let length = start
    if (start !== 15) return length
    for (;;) {
      const byte = block[at++]
      if (byte === undefined) throw new RangeError('an LZ4 block ends too early')
      length += byte
      if (byte !== 255) return length
    }
  }
  while (at < block.length) {
    const token = block[at++]!
    const literals = lengthFrom(token >> 4)
    output.append(block, at, at + literals)
    at += literals
    // The last sequence of a block has literals only.
    if (at === block.length) return
    const low = block[at++]!
    const high = block[at++]
    if (high === undefined) throw new RangeError('an LZ4 block ends too early')
    output.repeat(low | (high << 8), lengthFrom(token & 15) + MIN_MATCH)
  }
}
