import type { PastFeaturesAnswer } from '../../../api/index.ts'
import { formatDuration } from '../../../core/index.ts'
import { path, query, type ApiClient } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { duration, moment, oneOf } from '../../option-values.ts'
import { printRows, type RowFormat } from '../../row-output.ts'

interface FeatureOptions {
  readonly asOf?: string
  readonly horizon?: string
  readonly format: RowFormat
}

/** Rows that are asked for at a time. */
const PAGE = 1_000
/** Digits of a figure on the terminal. */
const DIGITS = 5

export const listFeatures = defineCommand<FeatureOptions>({
  name: 'features',
  summary:
    'what a model that looks ahead would have seen at a moment of the past, and what came of it',
  arguments: [{ name: '<model>', description: 'a model with a horizon' }],
  options: [
    {
      flags: '--as-of <moment>',
      description: 'a date (midnight UTC), or a time with its zone; no event from it on is seen',
      parse: moment,
    },
    {
      flags: '--horizon <time>',
      description: "how far ahead the label looks: 14d (default: the model's own)",
      parse: duration,
    },
    {
      flags: '--format <format>',
      description: 'table, csv, json or ndjson',
      parse: oneOf('table', 'csv', 'json', 'ndjson'),
      default: 'table',
    },
  ],
  examples: [
    'millrace features churn --as-of 2018-11-15 --horizon 14d',
    'millrace features churn --as-of 2018-11-15T12:00:00Z --format csv > features.csv',
  ],
  async run({ args, options }, { output, connect }) {
    const model = argument(args, 0)
    const { asOf, horizon, format } = options
    if (asOf === undefined) {
      throw cliError('CLI_USAGE', `say when: millrace features ${model} --as-of 2018-11-15`)
    }
    const answer = await allPages(await connect('read'), model, { asOf, horizon })
    await output.data(answer, async () => {
      const { key, names, rows } = answer
      const figure = (value: number | null): number | null =>
        value === null || format !== 'table' ? value : Number(value.toPrecision(DIGITS))
      const columns = [key, ...names, 'label'].map((name) => ({ name, type: '' }))
      const cells = rows.map(({ entity, features, label }) => [
        entity,
        ...names.map((name) => figure(features[name] ?? null)),
        label,
      ])
      await printRows({ columns, rows: cells }, format, output)
    })
    output.note(summaryOf(answer))
  },
})

/** The whole answer, a page at a time. */
async function allPages(
  api: ApiClient,
  model: string,
  asked: Pick<FeatureOptions, 'asOf' | 'horizon'>,
): Promise<Omit<PastFeaturesAnswer, 'next'>> {
  const rows: PastFeaturesAnswer['rows'] = []
  let after: string | undefined
  for (;;) {
    const { next, ...page } = await api.get<PastFeaturesAnswer>(
      path`/v1/models/${model}/features` + query({ ...asked, limit: PAGE, after }),
    )
    rows.push(...page.rows)
    if (next === null) return { ...page, rows }
    after = next
  }
}

function summaryOf({
  model,
  asOf,
  horizonMs,
  key,
  rows,
}: Omit<PastFeaturesAnswer, 'next'>): string {
  const found = `${model} as of ${asOf}: ${rows.length} active ${key}`
  if (rows.length === 0) return `${found}: no events in the window before it`
  if (rows.some(({ label }) => label === null)) {
    const known = new Date(Date.parse(asOf) + horizonMs).toISOString()
    return `${found}; the label can still change until ${known}`
  }
  const positive = rows.filter(({ label }) => label === 1).length
  return `${found}, ${positive} of them with label 1 within ${formatDuration(horizonMs)}`
}
