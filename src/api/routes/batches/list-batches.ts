/**
 * GET /v1/batches?limit=100
 *
 * The newest batches of all tables, oldest of them first.
 *
 * - `limit` (query, default 100)
 *
 * 200
 *
 * `{"batches":[{"table":"ratings","number":1,"trigger":"rows","state":"committed",…}]}`
 */
import { z } from 'zod'
import { batchesOf } from '../../batch-page.ts'
import { defineRoute } from '../../define-route.ts'
import { pageLimit } from '../../schemas/input.ts'
import { batchSchema } from '../../schemas/table-schemas.ts'

export const listBatches = defineRoute({
  method: 'GET',
  path: '/v1/batches',
  tag: 'tables',
  summary: 'Batches of all tables',
  query: z.strictObject({ limit: pageLimit }),
  answer: z.object({ batches: z.array(batchSchema) }),
  handler: ({ query }, { app }) => ({ batches: batchesOf(app).slice(-query.limit) }),
})
