import type { TableAnswer } from '../../../api/index.ts'
import { formatDuration } from '../../../core/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'

export const showTable = defineCommand({
  name: 'tables show',
  summary: 'show a table: columns, partition columns, what it does by itself',
  arguments: [{ name: '<table>', description: 'table' }],
  async run({ args }, { output, connect }) {
    const api = await connect('read')
    const table = await api.get<TableAnswer>(path`/v1/tables/${argument(args, 0)}`)
    await output.data(table, async () => {
      output.line(
        `${table.name}: ${table.rows} rows in ${table.files} files, ${table.bytes} bytes, ${table.expiredRows} expired`,
      )
      for (const sentence of settingsOf(table)) output.line(sentence)
      await output.table(
        ['COLUMN', 'TYPE', 'NULLABLE'],
        table.columns.map(({ name, type, nullable }) => [name, type, String(nullable)]),
      )
    })
  },
})

function settingsOf({ partitionBy, maintenance }: TableAnswer): string[] {
  const { compactFiles, retainMs, retainBytes } = maintenance
  const folders = partitionBy.map(({ name, from, unit }) =>
    unit === undefined ? name : `${name} (${unit} of ${from})`,
  )
  return [
    folders.length === 0 ? 'no partition columns' : `partitioned by ${folders.join(', ')}`,
    compactFiles === undefined
      ? 'small files are merged when asked: millrace tables compact'
      : `small files are merged when that saves ${compactFiles}`,
    ...(retainMs === undefined ? [] : [`records are kept for ${formatDuration(retainMs)}`]),
    ...(retainBytes === undefined ? [] : [`at most ${retainBytes} bytes are kept`]),
  ]
}
