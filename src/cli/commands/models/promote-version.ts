import type { HistoryAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { splitReference } from '../../model-reference.ts'

export const promoteVersion = defineCommand<{ reason?: string }>({
  name: 'models promote',
  summary: 'let a version serve',
  arguments: [{ name: '<model@version>', description: 'for example like@7' }],
  options: [{ flags: '--reason <text>', description: 'kept in the history' }],
  async run({ args, options: { reason } }, { output, connect }) {
    const { model, version = '' } = splitReference(argument(args, 0))
    if (!/^[1-9]\d{0,8}$/.test(version)) {
      throw cliError('CLI_USAGE', 'say which version, by number: millrace models promote like@7')
    }
    const api = await connect('change')
    const entry = await api.post<HistoryAnswer>(path`/v1/models/${model}/promote`, {
      version: Number(version),
      reason,
      by: 'cli',
    })
    await output.data(entry, () => output.line(`${entry.model}@${entry.version} serves now`))
  },
})
