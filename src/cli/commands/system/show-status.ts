import type { StatusAnswer } from '../../../api/index.ts'
import { formatDuration } from '../../../core/index.ts'
import { defineCommand } from '../../command.ts'
import { sourceText } from '../../status-text.ts'

export const showStatus = defineCommand({
  name: 'status',
  summary: 'show what runs and how far it is',
  async run(_input, { output, connect }) {
    const api = await connect('change')
    const status = await api.get<StatusAnswer>('/v1/status')
    await output.data(status, async () => {
      const up = formatDuration(status.uptimeSeconds * 1000)
      output.line(`${status.app} at ${api.url}, up ${up}, ${status.ready ? 'ready' : 'not ready'}`)
      for (const { role, ready, waiting } of status.roles) {
        output.line(`  ${role}: ${ready ? 'ready' : waiting.join('; ')}`)
      }
      for (const source of status.sources) output.line(sourceText(source))
      output.line()
      await output.table(
        ['TABLE', 'ROWS', 'OPEN ROWS', 'FILES', 'BATCHES'],
        status.tables.map((table) => [
          table.name,
          table.rows,
          table.open?.rows ?? 0,
          table.files,
          table.lastBatch,
        ]),
      )
      output.line()
      await output.table(
        ['MODEL', 'VERSIONS', 'SERVES', 'WAITS FOR'],
        status.models.map((model) => [
          model.name,
          model.versions,
          model.live === null ? null : `@${model.live.version}`,
          model.waiting,
        ]),
      )
      for (const warning of status.warnings) output.note(`warning: ${warning}`)
    })
  },
})
