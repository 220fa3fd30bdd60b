import type { TableSummaryAnswer } from '../../../api/index.ts'
import { defineCommand } from '../../command.ts'

export const listTables = defineCommand({
  name: 'tables list',
  summary: 'list the tables of the lake',
  async run(_input, { output, connect }) {
    const api = await connect('read')
    const { tables } = await api.get<{ tables: TableSummaryAnswer[] }>('/v1/tables')
    await output.data(tables, () =>
      output.table(
        [
          'TABLE',
          'TOPIC',
          'ROWS',
          'BYTES',
          'FILES',
          'BATCHES',
          'OPEN ROWS',
          'EXPIRED ROWS',
          'FAILURE',
        ],
        tables.map((table) => [
          table.name,
          table.topic,
          table.rows,
          table.bytes,
          table.files,
          table.lastBatch,
          table.open?.rows ?? 0,
          table.expiredRows,
          table.failure,
        ]),
      ),
    )
  },
})
