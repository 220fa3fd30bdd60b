import type { HistoryAnswer } from '../../../api/index.ts'
import { path, query } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { integer } from '../../option-values.ts'

export const listHistory = defineCommand<{ limit: number; at?: string }>({
  name: 'models history',
  summary: 'show what served when, and why',
  arguments: [{ name: '<model>', description: 'name' }],
  options: [
    { flags: '--limit <n>', description: 'so many', parse: integer(1, 1000), default: 50 },
    { flags: '--at <time>', description: 'also say which version served then (ISO 8601)' },
  ],
  async run({ args, options: { limit, at } }, { output, connect }) {
    const api = await connect('read')
    const answer = await api.get<{ servedAt?: number | null; entries: HistoryAnswer[] }>(
      `${path`/v1/models/${argument(args, 0)}/history`}${query({ limit, at })}`,
    )
    await output.data(answer, async () => {
      if (at !== undefined) {
        output.line(`at ${at}: ${answer.servedAt === null ? 'none' : `@${answer.servedAt}`} served`)
        output.line()
      }
      await output.table(
        ['WHEN', 'VERSION', 'WHAT', 'BEFORE', 'BY', 'WHY'],
        answer.entries.map((entry) => [
          entry.at,
          `${entry.model}@${entry.version}`,
          entry.alias === undefined ? entry.action : `${entry.action} ${entry.alias}`,
          entry.previous,
          entry.by,
          entry.reason,
        ]),
      )
    })
  },
})
