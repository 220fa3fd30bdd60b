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
  const { records, first } =
    options.quoteAfter === undefined
      ? await countLines(observe(), options)
      : await countRecords(observe(), options)
  return {
    encoding: utf8.isValid(isWhole) ? 'utf-8' : 'iso-8859-1',
    records: isWhole ? records : undefined,
    fingerprint: `sha256:${hash.digest('hex').slice(0, 32)}:${isWhole ? bytes : file.sizeBytes}`,
    first,
  }
}

interface Counted {
  readonly records: number
  readonly first: RawRecord | undefined
}

async function countRecords(
  chunks: AsyncIterable<Uint8Array>,
  options: SplitOptions,
): Promise<Counted> {
  let records = 0
  let first: RawRecord | undefined
  for await (const some of splitRecords(chunks, options)) {
    first ??= some[0] && { ...some[0], bytes: Buffer.from(some[0].bytes) }
    records += some.length
  }
  return { records, first }
}

const LF = 0x0a
const CR = 0x0d

/** The same where a record is a line: from the first one on they are counted, not cut. */
async function countLines(
  chunks: AsyncIterable<Uint8Array>,
  options: SplitOptions,
): Promise<Counted> {
  /** From before the first record to after it, or to where it is too long. */
  const start: Uint8Array[] = []
  let records = 0
  /** Bytes of the line that is not over, and whether they are a CR alone: of a CR LF, which is no record. */
  let open = 0
  let isCr = false
  for await (const bytes of chunks) {
    if (records === 0 && open <= options.maxBytes) start.push(bytes)
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, at)) {
      if (open === 0) isCr = chunk[at] === CR
      const length = open + end - at
      if (length > 1 || (length === 1 && !isCr)) records++
      open = 0
      at = end + 1
    }
    if (open === 0) isCr = chunk[at] === CR
    open += chunk.length - at
    // Empty lines and nothing else.
    if (records === 0 && open === 0) start.length = 0
  }
  if (open > 1 || (open === 1 && !isCr)) records++
  const { value: some = [] } = await splitRecords(start, options).next()
  return { records, first: some[0] }
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
