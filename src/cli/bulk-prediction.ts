/**
 * Predictions for the rows of a file, a file out, one pass, in pieces of one request: the numbers are those of REST because
 * they come from it. What is done is kept beside the output (`<out>.part`, and `<out>.part.json` saying of what), so the same
 * command goes on after an interruption, with the same version.
 */
import { createReadStream, existsSync } from 'node:fs'
import { open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { PredictionAnswer } from '../api/index.ts'
import { openParquetRows, type ParquetRows, type RowCell } from '../app/index.ts'
import { isMillraceError, quote } from '../core/index.ts'
import { path, query, type ApiClient } from './api-client.ts'
import { cliError } from './errors.ts'

export interface BulkRequest {
  readonly api: ApiClient
  readonly model: string
  /** Absent: the version that serves when the first piece is asked. */
  readonly version?: string
  /** `.parquet`, or JSON lines. */
  readonly from: string
  /** `.parquet` (of Parquet only), or JSON lines. */
  readonly to: string
  readonly signal: AbortSignal
  readonly progress: (done: number, total: number | undefined) => void
}

export interface BulkResult {
  readonly model: string
  readonly version: number
  readonly rows: number
  /** Rows that an earlier call had done. */
  readonly resumed: number
}

/** Rows of one request; the server's default limit. */
const ROWS_A_REQUEST = 1_000
/** Requests under way: one is answered while the next is read. */
const UNDER_WAY = 2

type Row = Record<string, unknown>

interface RowSource {
  readonly total?: number
  pieces(from: number): AsyncIterable<Row[]>
  close(): Promise<void>
}

const isParquet = (file: string): boolean => file.toLowerCase().endsWith('.parquet')

export async function predictInBulk(request: BulkRequest): Promise<BulkResult> {
  const { from, to, api, model } = request
  if (existsSync(to)) {
    throw cliError('CLI_USAGE', `${quote(to)} is there already: name another file with --out`)
  }
  if (isParquet(to) && !isParquet(from)) {
    throw cliError(
      'CLI_USAGE',
      'Parquet is written for rows that come as Parquet: use --out <file>.jsonl',
    )
  }
  const parquet = isParquet(from) ? await openParquetRows(from) : undefined
  const source = parquet ? parquetSource(parquet) : linesSource(from)
  try {
    const part = await openPart(request)
    const columns = parquet && isParquet(to) ? parquet : undefined
    const rows = await answerAll(request, part, source, columns !== undefined)
    await part.file.sync()
    await part.file.close()
    if (columns) {
      await columns.join(part.name, await typesOf(api, model), `${part.name}.parquet`)
      await rename(`${part.name}.parquet`, to)
      await rm(part.name)
    } else await rename(part.name, to)
    await rm(`${part.name}.json`)
    return { model, version: part.version, rows, resumed: part.done }
  } finally {
    await source.close()
  }
}

interface Part {
  readonly name: string
  readonly file: FileHandle
  readonly version: number
  /** Rows that it holds. */
  readonly done: number
}

/** The part of an earlier call on the same rows, cut to whole lines, or a new one. */
async function openPart({ api, model, version, from, to }: BulkRequest): Promise<Part> {
  const name = `${to}.part`
  const { size, mtimeMs } = await stat(from)
  const input = { from, size, mtimeMs }
  const earlier = await readFile(`${name}.json`, 'utf8').catch(() => undefined)
  if (earlier === undefined) {
    const asked = path`/v1/models/${model}/versions/${version ?? 'champion'}`
    const found = await api.get<{ version: number }>(asked)
    await writeFile(`${name}.json`, JSON.stringify({ model, version: found.version, input }))
    return { name, file: await open(name, 'w'), version: found.version, done: 0 }
  }
  const state = JSON.parse(earlier) as { model: string; version: number; input: typeof input }
  const isSame =
    state.model === model &&
    (version === undefined || version === String(state.version)) &&
    JSON.stringify(state.input) === JSON.stringify(input)
  if (!isSame) {
    throw cliError(
      'CLI_USAGE',
      `${quote(name)} is of ${state.model}@${state.version} on ${quote(state.input.from)} as it was then: remove it and its .json to begin again, or name another --out`,
    )
  }
  const file = await open(name, 'a+')
  return { name, file, version: state.version, done: await wholeLines(file) }
}

/** Counts the lines and cuts off what follows the last one. */
async function wholeLines(file: FileHandle): Promise<number> {
  const { size } = await file.stat()
  const chunk = Buffer.alloc(1 << 20)
  let lines = 0
  let end = 0
  for (let at = 0; at < size;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    for (let i = chunk.indexOf(10); i >= 0 && i < bytesRead; i = chunk.indexOf(10, i + 1)) {
      lines += 1
      end = at + i + 1
    }
    at += bytesRead
  }
  await file.truncate(end)
  return lines
}

/** Asks piece after piece; answers are written in the order of their rows. Returns the number of rows in all. */
async function answerAll(
  { api, model, signal, progress }: BulkRequest,
  part: Part,
  source: RowSource,
  numbered: boolean,
): Promise<number> {
  let done = part.done
  const waiting: { rows: Row[]; answer: Promise<PredictionAnswer> }[] = []
  const writeFirst = async (): Promise<void> => {
    const first = waiting.shift()
    if (!first) return
    const {
      predictions,
      model: of,
      version,
    } = await first.answer.catch((error: unknown) => {
      throw placed(error, done)
    })
    const lines = predictions.map((one, at) => {
      const flat = numbered
        ? { row: done + at, ...flattened(one) }
        : { row: first.rows[at], ...one }
      return `${JSON.stringify({ ...flat, model: `${of}@${version}` })}\n`
    })
    await part.file.appendFile(lines.join(''))
    done += first.rows.length
    progress(done, source.total)
  }
  try {
    for await (const rows of source.pieces(done)) {
      signal.throwIfAborted()
      const target = `${path`/v1/models/${model}/predict`}${query({ version: part.version })}`
      const answer = api.post<PredictionAnswer>(target, rows)
      waiting.push({ rows, answer })
      if (waiting.length >= UNDER_WAY) await writeFirst()
    }
    while (waiting.length > 0) await writeFirst()
  } finally {
    await Promise.allSettled(waiting.map(({ answer }) => answer))
  }
  return done
}

/** An issue of a piece, at its row in the file. */
function placed(error: unknown, before: number): unknown {
  if (!isMillraceError(error)) return error
  return cliError(
    'CLI_REFUSED',
    `rows ${before + 1} to ${before + ROWS_A_REQUEST} were refused: ${error.message}`,
    { cause: error },
  )
}

/** One cell for each answer: names of what was unknown are joined. */
function flattened({ fallback, ...rest }: PredictionAnswer['predictions'][number]) {
  return { ...rest, fallback: fallback ? fallback.unknown.join(', ') : null }
}

async function typesOf(api: ApiClient, model: string): Promise<Record<string, string>> {
  const { task } = await api.get<{ task: string }>(path`/v1/models/${model}`)
  const own: Record<string, Record<string, string>> = {
    classifier: { label: 'BIGINT', probability: 'DOUBLE' },
    regressor: { value: 'DOUBLE' },
    clusterer: { cluster: 'BIGINT', clusterLabel: 'VARCHAR', distance: 'DOUBLE' },
  }
  return { ...own[task], fallback: 'VARCHAR', model: 'VARCHAR' }
}

/** Rows are read from the file a few requests at a time. */
const ROWS_A_READ = 20 * ROWS_A_REQUEST

function parquetSource(rows: ParquetRows): RowSource {
  return {
    total: rows.count,
    async *pieces(from) {
      for (let at = from; at < rows.count; at += ROWS_A_READ) {
        const read: Record<string, RowCell>[] = await rows.read(at, ROWS_A_READ)
        for (let i = 0; i < read.length; i += ROWS_A_REQUEST) {
          yield read.slice(i, i + ROWS_A_REQUEST)
        }
      }
    },
    close: () => rows.close(),
  }
}

function linesSource(file: string): RowSource {
  return {
    async *pieces(from) {
      // Made here: lines that come before somebody reads them would be lost.
      const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity })
      let number = 0
      let rows = 0
      let piece: Row[] = []
      for await (const line of lines) {
        number += 1
        if (line.trim() === '') continue
        rows += 1
        if (rows <= from) continue
        piece.push(parsedLine(line, number, file))
        if (piece.length < ROWS_A_REQUEST) continue
        yield piece
        piece = []
      }
      if (piece.length > 0) yield piece
    },
    close: async () => {},
  }
}

function parsedLine(line: string, number: number, file: string): Row {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row
  } catch {
    // Named below.
  }
  throw cliError(
    'CLI_USAGE',
    `line ${number} of ${quote(file)} is no JSON object: write one row a line`,
  )
}
