/**
 * POST /v1/flush
 *
 * Cuts the open batches now; the answer comes when their files are durable.
 *
 * - `table` (body, default: all)
 *
 * 200 · 404 no such table · 503 the disk is full
 *
 * `{"batches":[{"table":"ratings","number":11,"trigger":"flush","state":"committed",…}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { tableName } from '../../schemas/input.ts'
import { batchSchema } from '../../schemas/table-schemas.ts'

export const flushBatches = defineRoute({
  method: 'POST',
  path: '/v1/flush',
  tag: 'tables',
  summary: 'Close the open batches now',
  body: z.strictObject({ table: tableName.optional() }),
  answer: z.object({ batches: z.array(batchSchema) }),
  problems: [404],
  handler: async ({ body: { table } }, { app }) => {
    if (table !== undefined) app.lake.table(table)
    const sinks = [...app.sinks.values()].filter(
      (sink) => table === undefined || sink.table === table,
    )
    const batches = await Promise.all(sinks.map((sink) => sink.flush()))
    return { batches: batches.filter((batch) => batch !== undefined) }
  },
})
