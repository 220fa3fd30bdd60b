import type { BatchAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { rangesText } from '../../batch-text.ts'
import { argument, defineCommand } from '../../command.ts'
import { integer } from '../../option-values.ts'

export const showBatch = defineCommand({
  name: 'batches show',
  summary: 'show one batch with its files',
  arguments: [
    { name: '<table>', description: 'table' },
    { name: '<number>', description: 'number of the batch' },
  ],
  async run({ args }, { output, connect }) {
    const number = integer(1)(argument(args, 1))
    const api = await connect('read')
    const route = path`/v1/tables/${argument(args, 0)}/batches/${number}`
    const batch = await api.get<BatchAnswer>(route)
    await output.data(batch, async () => {
      output.line(
        `batch ${batch.number} of ${batch.table}, ${batch.state}, cut by ${batch.trigger}`,
      )
      output.line(`rows     ${batch.rows} (${batch.deadLetters} dead letters)`)
      output.line(`offsets  ${rangesText(batch.ranges)}`)
      output.line(`records  ${batch.firstTime} to ${batch.lastTime}`)
      output.line(`closed   ${batch.closedAt}, committed ${batch.committedAt ?? '-'}`)
      output.line()
      await output.table(
        ['FILE', 'ROWS', 'BYTES', 'SHA-256'],
        batch.files.map(({ name, rows, bytes, sha256 }) => [name, rows, bytes, sha256]),
      )
    })
  },
})
