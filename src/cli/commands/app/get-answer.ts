import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import type { CellText, Output } from '../../output.ts'

export const getAnswer = defineCommand({
  name: 'get',
  summary: "ask any GET route, the app's own too; lists become tables",
  arguments: [{ name: '<path>', description: 'path and query, in quotes' }],
  examples: ['millrace get "/v1/churn/rate?by=level"', 'millrace get /v1/limits --json'],
  async run({ args }, { output, connect }) {
    const path = argument(args, 0)
    if (!path.startsWith('/')) {
      throw cliError('CLI_USAGE', `a path begins with "/": millrace get "/${path}"`)
    }
    const api = await connect('read')
    const { text, headers } = await api.send({ method: 'GET', path })
    if (!(headers['content-type'] ?? '').includes('json')) return output.line(text.trimEnd())
    const answer = JSON.parse(text) as unknown
    await output.data(answer, () => printAnswer(answer, output))
  },
})

/** Fields one a line, and below them each list of objects as a table. */
async function printAnswer(answer: unknown, output: Output): Promise<void> {
  if (isList(answer)) return printList(answer, output)
  if (!isObject(answer)) return output.line(cellOf(answer)?.toString() ?? '-')
  const fields = Object.entries(answer)
  const single = fields.filter(([, value]) => !isList(value))
  if (single.length > 0) {
    await output.table(
      ['FIELD', 'VALUE'],
      single.map(([name, value]) => [name, cellOf(value)]),
    )
  }
  for (const [name, value] of fields) {
    if (!isList(value)) continue
    output.line()
    output.line(`${name}: ${value.length}`)
    await printList(value, output)
  }
}

async function printList(
  rows: readonly Readonly<Record<string, unknown>>[],
  output: Output,
): Promise<void> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  await output.table(
    names.map((name) => name.toUpperCase()),
    rows.map((row) => names.map((name) => cellOf(row[name]))),
  )
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isList = (value: unknown): value is readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) && value.length > 0 && value.every(isObject)

/** Figures are cut to what a person reads; `--json` has all of them. */
const DIGITS = 5

function cellOf(value: unknown): CellText {
  if (value === null || value === undefined) return null
  if (typeof value === 'number') {
    return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS))
  }
  if (typeof value === 'boolean' || typeof value === 'string') return value
  return JSON.stringify(value)
}
