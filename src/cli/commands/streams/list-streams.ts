import type { StreamAnswer } from '../../../api/index.ts'
import { defineCommand } from '../../command.ts'

export const listStreams = defineCommand({
  name: 'streams list',
  summary: 'list the derived streams, with what they dropped',
  async run(_input, { output, connect }) {
    const api = await connect('read')
    const { streams } = await api.get<{ streams: StreamAnswer[] }>('/v1/streams')
    await output.data(streams, async () => {
      await output.table(
        ['STREAM', 'FROM', 'RESULTS', 'CLOSED UNTIL', 'OPEN', 'LATE', 'AHEAD', 'INVALID', 'LAG'],
        streams.map(({ name, from, results, closedUntil, openWindows, dropped, lagRecords }) => [
          name,
          from,
          results,
          closedUntil ?? '-',
          openWindows ?? '-',
          dropped.late,
          dropped.ahead,
          dropped.invalid,
          lagRecords,
        ]),
      )
      for (const { name, failure } of streams) {
        if (failure !== undefined) output.note(`${name} cannot go on: ${failure}`)
      }
    })
  },
})
