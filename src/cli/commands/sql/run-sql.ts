import type { SqlAnswer } from '../../../api/index.ts'
import type { ApiClient } from '../../api-client.ts'
import { argument, defineCommand, type CommandTools } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { integer, oneOf } from '../../option-values.ts'
import { printRows, type RowFormat } from '../../row-output.ts'

interface SqlOptions {
  readonly format: RowFormat
  readonly maxRows?: number
}

export const runSql = defineCommand<SqlOptions>({
  name: 'sql',
  summary: 'query all tables, history and newest events in one view',
  arguments: [{ name: '[query]', description: 'one SELECT; without it: a prompt, or stdin' }],
  options: [
    {
      flags: '--format <format>',
      description: 'table, csv, json or ndjson',
      parse: oneOf('table', 'csv', 'json', 'ndjson'),
      default: 'table',
    },
    {
      flags: '--max-rows <n>',
      description: 'so many rows (default: the limit)',
      parse: integer(1),
    },
  ],
  examples: [`millrace sql "select rating, count(*) from ratings group by rating order by 1"`],
  async run({ args, options }, tools) {
    const api = await tools.connect('read')
    const text = argument(args, 0)
    if (text !== '') return ask(api, text, options, tools)
    if (process.stdin.isTTY) return prompt(api, options, tools)
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    const piped = Buffer.concat(chunks).toString().trim()
    if (piped === '') throw cliError('CLI_USAGE', 'give a query: millrace sql "select 1"')
    return ask(api, piped, options, tools)
  },
})

async function ask(
  api: ApiClient,
  sql: string,
  { format, maxRows }: SqlOptions,
  { output }: CommandTools,
): Promise<void> {
  const answer = await api.post<SqlAnswer>('/v1/sql', { sql, maxRows })
  await printRows(answer, output.json ? 'json' : format, output)
  if (answer.truncated) output.note(`cut off after ${answer.rows.length} rows: add a LIMIT`)
}

async function prompt(api: ApiClient, options: SqlOptions, tools: CommandTools): Promise<void> {
  const { createInterface } = await import('node:readline/promises')
  const { output, signal } = tools
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  output.note('One SELECT a time, ended by ";". Ctrl-D leaves.')
  let text = ''
  terminal.setPrompt('sql> ')
  terminal.prompt()
  signal.addEventListener('abort', () => terminal.close(), { once: true })
  for await (const line of terminal) {
    text += `${line}\n`
    if (!text.trimEnd().endsWith(';')) continue
    const sql = text.trim().replace(/;$/, '')
    text = ''
    if (sql !== '')
      await ask(api, sql, options, tools).catch((error: unknown) => output.error(error))
    terminal.prompt()
  }
}
