/**
 * Snappy (google/snappy, format_description.txt), in the two forms that Kafka clients send: one raw block, as librdkafka
 * does, or the framing of xerial's Java library: a header of 16 bytes, then blocks with their lengths before them.
 */
import { BoundedOutput } from './bounded-output.ts'

const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00] as const
/** Magic, version and the oldest compatible version. */
const XERIAL_HEADER_BYTES = 16

/** Throws RangeError for anything that is no Snappy, TooLargeError above `maxBytes`. */
export function unsnappy(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (!XERIAL_MAGIC.every((byte, index) => bytes[index] === byte)) {
    const { length, at } = readLength(bytes)
    const output = new BoundedOutput(maxBytes, length)
    decodeBlock(bytes.subarray(at), length, output)
    return output.finish()
  }
  const output = new BoundedOutput(maxBytes, 0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let position = XERIAL_HEADER_BYTES; position < bytes.length;) {
    if (position + 4 > bytes.length) throw new RangeError('a Snappy frame ends too early')
    const size = view.getInt32(position)
    const end = position + 4 + size
    if (size < 0 || end > bytes.length) throw new RangeError('a Snappy frame ends too early')
    const block = bytes.subarray(position + 4, end)
    const { length, at } = readLength(block)
    decodeBlock(block.subarray(at), length, output)
    position = end
  }
  return output.finish()
}

/** The uncompressed length before a block, and where the block's elements begin. */
function readLength(block: Uint8Array): { length: number; at: number } {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = block[at]
    if (byte === undefined) break
    length += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return { length, at: at + 1 }
  }
  throw new RangeError('a Snappy block has no length')
}

function decodeBlock(block: Uint8Array, length: number, output: BoundedOutput): void {
  const end = output.length + length
  let at = 0
  while (at < block.length) {
    const tag = block[at++]!
    if ((tag & 3) === 0) {
      let size = tag >> 2
      if (size >= 60) {
        const extra = size - 59
        size = littleEndian(block, at, extra)
        at += extra
      }
      output.append(block, at, at + size + 1)
      at += size + 1
    } else if ((tag & 3) === 1) {
      output.repeat(((tag >> 5) << 8) | byteAt(block, at), 4 + ((tag >> 2) & 7))
      at += 1
    } else {
      const width = (tag & 3) === 2 ? 2 : 4
      output.repeat(littleEndian(block, at, width), (tag >> 2) + 1)
      at += width
    }
    if (output.length > end) break
  }
  if (output.length !== end) throw new RangeError('a Snappy block is not as long as it says')
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new RangeError('a Snappy block ends too early')
  return byte
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let step = 0; step < width; step++) value += byteAt(bytes, at + step) * 256 ** step
  return value
}
