/**
 * GET /v1/tables/{table}/batches?limit=100&before=12
 *
 * The newest batches of a table, oldest of them first.
 *
 * - `limit` (query, default 100)
 * - `before` (query): only batches with a smaller number; `next` of the answer leads to the page before
 *
 * 200 · 404
 *
 * `{"batches":[{"table":"ratings","topic":"ratings","number":1,"trigger":"rows","state":"committed","ranges":[{"partition":0,"first":0,"last":999}],"rows":1000,"deadLetters":0,"firstTime":"…","lastTime":"…","closedAt":"…","committedAt":"…","files":[…]}],"next":null}`
 */
import { z } from 'zod'
import { batchesOf } from '../../batch-page.ts'
import { defineRoute } from '../../define-route.ts'
import { pageLimit, tableName, wholeNumber } from '../../schemas/input.ts'
import { batchSchema } from '../../schemas/table-schemas.ts'

export const listTableBatches = defineRoute({
  method: 'GET',
  path: '/v1/tables/:table/batches',
  tag: 'tables',
  summary: 'Batches of a table',
  params: z.strictObject({ table: tableName }),
  query: z.strictObject({ limit: pageLimit, before: wholeNumber({ min: 1 }).optional() }),
  answer: z.object({
    batches: z.array(batchSchema),
    next: z.int().nullable().describe('The `before` of the page before; null at the first batch'),
  }),
  problems: [404],
  handler: ({ params, query }, { app }) => {
    const { limit, before = Number.MAX_SAFE_INTEGER } = query
    const older = batchesOf(app, params.table).filter(({ number }) => number < before)
    const batches = older.slice(-limit)
    return { batches, next: older.length > limit ? (batches[0]?.number ?? null) : null }
  },
})
