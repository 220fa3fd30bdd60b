/**
 * From a stream of bytes to the records of a delimited or line-based text, with bounded memory. Line ends are LF or CR LF,
 * mixed as they come; inside quotes they belong to the field (RFC 4180). A record that grows beyond the limit, or whose quote
 * never closes, becomes a problem of its own line, and the next line starts afresh: one bad quote does not eat the file.
 */

export type RecordProblem = 'too_long' | 'unclosed_quote' | 'text_after_quote'

export interface RawRecord {
  /** Without the line end. Of a record that is too long, its first bytes. */
  readonly bytes: Buffer
  /** Line of its first byte, from 1. */
  readonly line: number
  /** True when a field is quoted. */
  readonly quoted: boolean
  readonly problem?: RecordProblem
}

export interface SplitOptions {
  /** Most bytes of a record. */
  readonly maxBytes: number
  /** First byte of the delimiter when fields may be quoted; absent: quotes are ordinary characters. */
  readonly quoteAfter?: number
}

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
/** Bytes kept of a record that is too long. */
const KEPT_BYTES = 64 * 1024

/** Yields the records of each chunk together; empty lines are left out (but counted as lines). */
export async function* splitRecords(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: SplitOptions,
): AsyncGenerator<RawRecord[]> {
  const splitter = new Splitter(options)
  for await (const chunk of chunks) {
    const records = splitter.push(chunk)
    if (records.length > 0) yield records
  }
  const rest = splitter.finish()
  if (rest.length > 0) yield rest
}

interface Found {
  /** Offset of the LF, or −1. */
  readonly end: number
  readonly quoted: boolean
  readonly problem?: RecordProblem
}

class Splitter {
  readonly #options: SplitOptions
  #rest: Buffer = Buffer.alloc(0)
  #line = 1
  /** Inside the tail of a record that was too long: drop bytes up to the next line end. */
  #dropping = false

  constructor(options: SplitOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): RawRecord[] {
    const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const buffer = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh])
    return this.#cut(buffer, false)
  }

  finish(): RawRecord[] {
    return this.#cut(this.#rest, true)
  }

  #cut(buffer: Buffer, isLast: boolean): RawRecord[] {
    const records: RawRecord[] = []
    const { quoteAfter } = this.#options
    const hasQuotes = quoteAfter !== undefined && buffer.includes(QUOTE)
    let at = this.#dropping ? this.#drop(buffer) : 0
    while (at < buffer.length) {
      const found = hasQuotes
        ? findQuotedEnd(buffer, at, quoteAfter)
        : { end: buffer.indexOf(LF, at), quoted: false }
      const open = found.end < 0
      if (open && !isLast && buffer.length - at <= this.#options.maxBytes) break
      at = this.#take(buffer, at, found, records)
    }
    // A copy: a slice would keep the whole chunk alive.
    this.#rest = Buffer.from(buffer.subarray(at))
    return records
  }

  /** Adds the record at `at` to `records`; returns where the next one begins. */
  #take(buffer: Buffer, at: number, found: Found, records: RawRecord[]): number {
    const line = this.#line
    const end = found.end < 0 ? buffer.length : found.end
    const lineEnd = buffer.indexOf(LF, at)
    // Text after a quote that closed on a later line: that quote was meant to open, so this line's never closed.
    const isStray = found.problem === 'text_after_quote' && lineEnd >= 0 && lineEnd < end
    if (end - at <= this.#options.maxBytes && found.problem !== 'unclosed_quote' && !isStray) {
      const bytes = buffer.subarray(at, trimCr(buffer, at, end))
      if (found.end >= 0) this.#line += found.quoted ? countLines(buffer, at, end + 1) : 1
      const { quoted, problem } = found
      if (bytes.length > 0) {
        records.push(
          problem === undefined ? { bytes, line, quoted } : { bytes, line, quoted, problem },
        )
      }
      return end + 1
    }
    const isLong = (lineEnd < 0 ? buffer.length : lineEnd) - at > this.#options.maxBytes
    const stop = lineEnd < 0 ? buffer.length : lineEnd
    const kept = isLong ? Math.min(stop, at + KEPT_BYTES) : trimCr(buffer, at, stop)
    records.push({
      bytes: Buffer.from(buffer.subarray(at, kept)),
      line,
      quoted: found.quoted,
      problem: isLong ? 'too_long' : 'unclosed_quote',
    })
    if (lineEnd < 0) this.#dropping = true
    else this.#line++
    return stop + 1
  }

  #drop(buffer: Buffer): number {
    const end = buffer.indexOf(LF)
    if (end < 0) return buffer.length
    this.#dropping = false
    this.#line++
    return end + 1
  }
}

/** The end of a record whose fields may be quoted. A quote opens only at the start of a field; doubled, it is a character. */
function findQuotedEnd(buffer: Buffer, from: number, delimiter: number): Found {
  let quoted = false
  let problem: RecordProblem | undefined
  let at = from
  let isFieldStart = true
  while (at < buffer.length) {
    const byte = buffer[at]!
    if (byte === LF) return { end: at, quoted, problem }
    if (byte === QUOTE && isFieldStart) {
      quoted = true
      const close = closingQuote(buffer, at + 1)
      if (close < 0) return { end: -1, quoted, problem: 'unclosed_quote' }
      at = close + 1
      const next = buffer[at]
      const isCrLf = next === CR && (at + 1 >= buffer.length || buffer[at + 1] === LF)
      if (next !== undefined && next !== delimiter && next !== LF && !isCrLf) {
        problem = 'text_after_quote'
      }
      isFieldStart = false
      continue
    }
    isFieldStart = byte === delimiter
    at++
  }
  return { end: -1, quoted, problem }
}

function closingQuote(buffer: Buffer, from: number): number {
  for (let at = buffer.indexOf(QUOTE, from); at >= 0; at = buffer.indexOf(QUOTE, at + 2)) {
    if (buffer[at + 1] !== QUOTE) return at
  }
  return -1
}

const trimCr = (buffer: Buffer, from: number, end: number): number =>
  end > from && buffer[end - 1] === CR ? end - 1 : end

function countLines(buffer: Buffer, from: number, to: number): number {
  let lines = 0
  for (let at = buffer.indexOf(LF, from); at >= 0 && at < to; at = buffer.indexOf(LF, at + 1))
    lines++
  return lines
}
