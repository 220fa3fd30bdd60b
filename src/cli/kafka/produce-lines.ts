/** Lines of standard input as records: what `kafka-console-producer` does. */
import { quote, systemClock, type NewRecord } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import { cliError } from '../errors.ts'
import { appendOrCreate } from './broker-target.ts'

export interface LineOptions {
  readonly topic: string
  readonly input: AsyncIterable<Uint8Array>
  /** Before it stands the key, after it the value. Default: a line is a value. */
  readonly keySeparator?: string
  /** A line without the separator: fail, or take it as a value without key. Default fail. */
  readonly ignoreKeyless?: boolean
  readonly signal: AbortSignal
  readonly onCreated: (topic: string) => void
}

const NEWLINE = 0x0a
const RETURN = 0x0d
const LINE_BYTES_MAX = 8 * 1024 * 1024

/**
 * Sends each line when it comes, and those that come together together. Resolves with how many were stored, at the end of
 * the input or with the signal.
 */
export async function produceLines(log: Log, options: LineOptions): Promise<number> {
  const { topic, input, signal, onCreated } = options
  let rest = Buffer.alloc(0)
  let stored = 0
  const send = async (lines: readonly Buffer[]): Promise<void> => {
    if (lines.length === 0) return
    const records: NewRecord[] = []
    for (const line of lines) {
      const record = recordOf(line, options)
      if (record === undefined) break
      records.push(record)
    }
    if (records.length > 0) await appendOrCreate(log, topic, records, onCreated)
    stored += records.length
    if (records.length < lines.length) throw keyless(stored, options)
  }
  for await (const chunk of input) {
    if (signal.aborted) break
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(NEWLINE)
    rest = bytes.subarray(end + 1)
    if (rest.length > LINE_BYTES_MAX) {
      throw cliError('CLI_USAGE', `a line is longer than ${LINE_BYTES_MAX} bytes: is it text?`)
    }
    await send(linesOf(bytes.subarray(0, end + 1)))
  }
  if (rest.length > 0 && !signal.aborted) await send(linesOf(rest))
  return stored
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(NEWLINE, at)
    const end = found === -1 ? bytes.length : found
    const hasReturn = end > at && bytes[end - 1] === RETURN
    lines.push(bytes.subarray(at, hasReturn ? end - 1 : end))
    at = end + 1
  }
  return lines
}

/** Undefined for a line that has no key and must have one. */
function recordOf(
  line: Buffer,
  { keySeparator, ignoreKeyless = false }: LineOptions,
): NewRecord | undefined {
  const timestamp = systemClock.now()
  if (keySeparator !== undefined) {
    const separator = Buffer.from(keySeparator)
    const at = line.indexOf(separator)
    if (at !== -1) {
      const value = line.subarray(at + separator.length)
      return { key: line.subarray(0, at), value, headers: [], timestamp }
    }
    if (!ignoreKeyless) return undefined
  }
  return { key: null, value: line, headers: [], timestamp }
}

const keyless = (stored: number, { keySeparator = '' }: LineOptions): Error =>
  cliError(
    'CLI_USAGE',
    `line ${stored + 1} has no ${quote(keySeparator)}, so it has no key: write key${keySeparator}value; the ${stored} lines before it are stored`,
  )
