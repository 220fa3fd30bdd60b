/** One pass over a file before it is replayed: its character set, its number of lines, its digest. */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { splitRecords, type RawRecord, type SplitOptions } from '../rows/record-splitter.ts'
import type { DataFile } from './data-file.ts'

export interface Survey {
  readonly encoding: 'utf-8' | 'iso-8859-1'
  /** Records, a header included; undefined when the file is larger than was read. */
  readonly records: number | undefined
  /** SHA-256 of what was read, and the file's size. */
  readonly fingerprint: string
  readonly first: RawRecord | undefined
}

/** Bytes after which the survey stops; of a larger file the beginning is taken for the whole. */
const SURVEY_BYTES = 256 * 1024 * 1024

export async function surveyFile(file: DataFile, options: SplitOptions): Promise<Survey> {
  const hash = createHash('sha256')
  const utf8 = createUtf8Check()
  let bytes = 0
  let isWhole = true
  async function* observe(): AsyncGenerator<Uint8Array> {
    for await (const chunk of file.read()) {
      hash.update(chunk)
      utf8.push(chunk)
      bytes += chunk.length
      yield chunk
      if (bytes >= SURVEY_BYTES) {
        isWhole = false
        return
      }
    }
  }
  let records = 0
  let first: RawRecord | undefined
  for await (const some of splitRecords(observe(), options)) {
    first ??= some[0] && { ...some[0], bytes: Buffer.from(some[0].bytes) }
    records += some.length
  }
  return {
    encoding: utf8.isValid(isWhole) ? 'utf-8' : 'iso-8859-1',
    records: isWhole ? records : undefined,
    fingerprint: `sha256:${hash.digest('hex').slice(0, 32)}:${isWhole ? bytes : file.sizeBytes}`,
    first,
  }
}

/** UTF-8 validity of a stream: a character cut by a chunk's end is judged with the next chunk. */
function createUtf8Check(): {
  push(chunk: Uint8Array): void
  isValid(isWhole: boolean): boolean
} {
  let rest = Buffer.alloc(0)
  let valid = true
  return {
    push(chunk) {
      if (!valid) return
      const buffer =
        rest.length === 0
          ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
          : Buffer.concat([rest, chunk])
      const cut = lastCharacterStart(buffer)
      valid = isUtf8(buffer.subarray(0, cut))
      rest = Buffer.from(buffer.subarray(cut))
    },
    isValid: (isWhole) => valid && (!isWhole || isUtf8(rest)),
  }
}

/** Where a character begins that may go on in the next chunk; at most four bytes from the end. */
function lastCharacterStart(buffer: Buffer): number {
  for (let at = buffer.length - 1; at >= 0 && at >= buffer.length - 4; at--) {
    const byte = buffer[at]!
    if (byte < 0x80) return at + 1
    if (byte >= 0xc0) return at
  }
  return buffer.length
}
