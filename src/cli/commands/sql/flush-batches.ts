import type { BatchAnswer } from '../../../api/index.ts'
import { defineCommand } from '../../command.ts'

export const flushBatches = defineCommand<{ table?: string }>({
  name: 'flush',
  summary: 'close the open batches now',
  options: [{ flags: '--table <table>', description: 'one table (default: all)' }],
  async run({ options: { table } }, { output, connect }) {
    const api = await connect('change')
    const { batches } = await api.post<{ batches: BatchAnswer[] }>('/v1/flush', { table })
    await output.data(batches, () => {
      if (batches.length === 0) output.line('no batch was open')
      for (const batch of batches) {
        output.line(`${batch.table}: batch ${batch.number} with ${batch.rows} rows`)
      }
    })
  },
})
