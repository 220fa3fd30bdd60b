import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'

export const compactTable = defineCommand({
  name: 'tables compact',
  summary: 'merge the small files of a table',
  arguments: [{ name: '<table>', description: 'table' }],
  async run({ args }, { output, connect }) {
    const api = await connect('change')
    const result = await api.post<{ table: string; before: number; after: number }>(
      path`/v1/tables/${argument(args, 0)}/compact`,
      {},
    )
    await output.data(result, () =>
      output.line(`${result.table}: ${result.before} files became ${result.after}`),
    )
  },
})
