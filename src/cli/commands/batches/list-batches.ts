import type { BatchAnswer } from '../../../api/index.ts'
import { path, query } from '../../api-client.ts'
import { rangesText } from '../../batch-text.ts'
import { argument, defineCommand } from '../../command.ts'
import { integer } from '../../option-values.ts'

export const listBatches = defineCommand<{ table?: string; limit: number }>({
  name: 'batches list',
  summary: 'list the newest batches with trigger, rows, offsets and files',
  arguments: [{ name: '[table]', description: 'the same as --table' }],
  options: [
    { flags: '--table <table>', description: 'one table (default: all)' },
    { flags: '--limit <n>', description: 'so many', parse: integer(1, 1000), default: 50 },
  ],
  async run({ args, options }, { output, connect }) {
    const { limit, table = argument(args, 0) || undefined } = options
    const api = await connect('read')
    const route = table === undefined ? '/v1/batches' : path`/v1/tables/${table}/batches`
    const { batches } = await api.get<{ batches: BatchAnswer[] }>(`${route}${query({ limit })}`)
    await output.data(batches, () =>
      output.table(
        ['TABLE', 'BATCH', 'TRIGGER', 'ROWS', 'DEAD', 'OFFSETS', 'CLOSED', 'STATE', 'FILES'],
        batches.map((batch) => [
          batch.table,
          batch.number,
          batch.trigger,
          batch.rows,
          batch.deadLetters,
          rangesText(batch.ranges),
          batch.closedAt,
          batch.state,
          batch.files.length,
        ]),
      ),
    )
  },
})
