/**
 * The compression codecs of a record batch, by the number in its attributes (Apache Kafka documentation, "Record Batch").
 * Millrace stores what clients compressed as it came, and never compresses by itself.
 */
import { gunzipSync } from 'node:zlib'
import { TooLargeError } from './bounded-output.ts'
import { unlz4 } from './lz4.ts'
import { unsnappy } from './snappy.ts'
import { unzstd } from './zstd.ts'

export { TooLargeError }

const decoders: Readonly<Record<number, (bytes: Uint8Array, maxBytes: number) => Uint8Array>> = {
  1: gunzip,
  2: unsnappy,
  3: unlz4,
  4: unzstd,
}

export const isKnownCodec = (codec: number): boolean => codec === 0 || codec in decoders

/**
 * The bytes that `bytes` stand for, in memory of their own. Throws RangeError when they are damaged or of no known codec,
 * TooLargeError when they become more than `maxBytes`.
 */
export function decompress(codec: number, bytes: Uint8Array, maxBytes: number): Uint8Array {
  const decoder = decoders[codec]
  if (decoder === undefined) throw new RangeError(`there is no compression codec ${codec}`)
  return decoder(bytes, maxBytes)
}

function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes })
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new TooLargeError(maxBytes)
    throw new RangeError('gzip data is damaged', { cause })
  }
}
