import { argument, defineCommand } from '../../command.ts'
import { oneOf } from '../../option-values.ts'
import type { ExportFormat } from '../../batch-export.ts'

export const exportBatches = defineCommand<{ to: string; format: ExportFormat }>({
  name: 'batches export',
  summary: 'write each batch of a table as a file: <app>_batch_<epoch>_<n>.csv',
  arguments: [
    { name: '[table]', description: 'table (default: the one that the models learn from)' },
  ],
  options: [
    { flags: '--to <folder>', description: 'where the files go', default: 'batched_data' },
    {
      flags: '--format <format>',
      description: 'csv or ndjson',
      parse: oneOf('csv', 'ndjson'),
      default: 'csv',
    },
  ],
  examples: ['millrace batches export --format csv --to batched_data'],
  async run({ args, options: { to, format } }, { output, connect, signal }) {
    const { exportBatches: write } = await import('../../batch-export.ts')
    const table = argument(args, 0)
    const api = await connect('read')
    const written = await write(api, { to, format, signal, ...(table !== '' && { table }) })
    await output.data(written, () => {
      for (const { path, rows } of written) {
        output.line(`${path}: ${rows.toLocaleString('en')} rows`)
      }
      if (written.length === 0) output.line('no batch is in files yet')
    })
  },
})
