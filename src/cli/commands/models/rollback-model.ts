import type { HistoryAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'

export const rollbackModel = defineCommand<{ reason?: string }>({
  name: 'models rollback',
  summary: 'go back to the version that served before',
  arguments: [{ name: '<model>', description: 'name' }],
  options: [{ flags: '--reason <text>', description: 'kept in the history' }],
  async run({ args, options: { reason } }, { output, connect }) {
    const api = await connect('change')
    const entry = await api.post<HistoryAnswer>(path`/v1/models/${argument(args, 0)}/rollback`, {
      reason,
      by: 'cli',
    })
    await output.data(entry, () =>
      output.line(`${entry.model}@${entry.version} serves again (was @${entry.previous ?? '-'})`),
    )
  },
})
