import { readFile, writeFile } from 'node:fs/promises'
import type { PredictionAnswer } from '../../../api/index.ts'
import { quote } from '../../../core/index.ts'
import { path, query } from '../../api-client.ts'
import { argument, defineCommand, type CommandTools } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { userPath } from '../../instance.ts'
import { splitReference } from '../../model-reference.ts'
import { figure } from '../../version-text.ts'

interface PredictOptions {
  readonly row?: string
  readonly in?: string
  readonly out?: string
}

/** Rows of one request; the server's default limit. */
const ROWS_A_REQUEST = 1_000

export const predictRows = defineCommand<PredictOptions>({
  name: 'predict',
  summary: 'ask a model',
  arguments: [{ name: '<model[@version]>', description: 'default: the version that serves' }],
  options: [
    { flags: '--row <json>', description: 'one row' },
    {
      flags: '--in <file>',
      description:
        'JSON (a row or an array), JSON lines (.jsonl) or Parquet (.parquet); - is stdin',
    },
    {
      flags: '--out <file>',
      description: 'write JSON lines, or Parquet, there instead of stdout',
    },
  ],
  examples: [
    `millrace predict like --row '{"userId":1,"movieId":31}'`,
    'millrace predict rating --in rows.jsonl',
    'millrace predict like --in users.parquet --out scores.parquet',
  ],
  async run({ args, options }, { output, connect, signal }) {
    const { model, version } = splitReference(argument(args, 0))
    if (isBulk(options)) {
      await predictFile(
        { model, version, from: options.in, to: options.out },
        { output, connect, signal },
      )
      return
    }
    const rows = await readRows(options)
    const api = await connect('read')
    const predictions: Record<string, unknown>[] = []
    let answer: PredictionAnswer | undefined
    for (let from = 0; from < rows.length; from += ROWS_A_REQUEST) {
      answer = await api.post<PredictionAnswer>(
        `${path`/v1/models/${model}/predict`}${query({ version })}`,
        rows.slice(from, from + ROWS_A_REQUEST),
      )
      const name = `${answer.model}@${answer.version}`
      predictions.push(...answer.predictions.map((one) => ({ ...one, model: name })))
    }
    const joined = predictions.map((prediction, at) => ({ row: rows[at], ...prediction }))
    if (options.out !== undefined) {
      await writeNamed(options.out, joined.map((one) => `${JSON.stringify(one)}\n`).join(''))
      output.note(`${joined.length} predictions are in ${options.out}`)
      return
    }
    await output.data(joined, () =>
      output.table(
        ['ROW', 'ANSWER', 'MODEL', 'FALLBACK'],
        joined.map(({ row, ...prediction }) => [
          JSON.stringify(row),
          answerText(prediction),
          String((prediction as Record<string, unknown>)['model']),
          fallbackText(prediction),
        ]),
      ),
    )
  },
})

/** A file of rows to a file of answers: any number of them, and once more from where it stopped. */
const isBulk = (
  options: PredictOptions,
): options is { readonly in: string; readonly out: string } =>
  options.row === undefined &&
  options.out !== undefined &&
  /\.(jsonl|ndjson|parquet)$/i.test(options.in ?? '')

async function predictFile(
  asked: { model: string; version: string | undefined; from: string; to: string },
  { output, connect, signal }: Pick<CommandTools, 'output' | 'connect' | 'signal'>,
): Promise<void> {
  const { predictInBulk } = await import('../../bulk-prediction.ts')
  const { model, version } = asked
  const to = userPath(asked.to)
  const result = await predictInBulk({
    api: await connect('read'),
    model,
    ...(version !== undefined && { version }),
    from: userPath(asked.from),
    to,
    signal,
    progress: (done, total) =>
      output.live(`${done}${total === undefined ? '' : ` of ${total}`} rows`),
  })
  output.liveDone()
  await output.data({ ...result, file: to }, () => {
    const resumed = result.resumed === 0 ? '' : `, ${result.resumed} of them by an earlier call`
    output.line(`${to}: ${result.rows} rows by ${result.model}@${result.version}${resumed}`)
  })
}

function answerText(prediction: Record<string, unknown>): string {
  const { label, probability, value, cluster, clusterLabel } = prediction
  if (probability !== undefined)
    return `${String(label)} (probability ${figure(Number(probability))})`
  if (value !== undefined) return figure(Number(value))
  return `cluster ${String(cluster)}${typeof clusterLabel === 'string' ? `: ${clusterLabel}` : ''}`
}

function fallbackText(prediction: Record<string, unknown>): string | null {
  const fallback = prediction['fallback'] as { unknown: string[]; used: string } | undefined
  return fallback ? `unknown ${fallback.unknown.join(', ')}: ${fallback.used}` : null
}

async function readRows(options: PredictOptions): Promise<unknown[]> {
  const { row, in: file } = options
  if ((row === undefined) === (file === undefined)) {
    throw cliError('CLI_USAGE', 'give the rows once: --row <json> or --in <file>')
  }
  const text = row ?? (file === '-' ? await readStdin() : await readNamed(file ?? ''))
  try {
    const value = JSON.parse(text) as unknown
    return Array.isArray(value) ? value : [value]
  } catch {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(parseLine)
  }
}

function parseLine(line: string, at: number): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    throw cliError('CLI_USAGE', `line ${at + 1} of the rows is not JSON: write one object a line`)
  }
}

async function readNamed(file: string): Promise<string> {
  try {
    return await readFile(userPath(file), 'utf8')
  } catch (error) {
    throw fileError('read', file, error)
  }
}

async function writeNamed(file: string, text: string): Promise<void> {
  try {
    await writeFile(userPath(file), text)
  } catch (error) {
    throw fileError('written', file, error)
  }
}

const fileError = (done: string, file: string, error: unknown): Error =>
  cliError(
    'CLI_USAGE',
    `${quote(file)} cannot be ${done} (${(error as NodeJS.ErrnoException).code}): check the path`,
    { cause: error },
  )

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
