/**
 * GET /v1/tables/{table}/batches/{number}
 *
 * 200 · 404
 *
 * `{"table":"ratings","topic":"ratings","number":1,"trigger":"rows","state":"committed","ranges":[…],"rows":1000,"deadLetters":0,…,"files":[…]}`
 */
import { z } from 'zod'
import { batchesOf } from '../../batch-page.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { tableName, wholeNumber } from '../../schemas/input.ts'
import { batchSchema } from '../../schemas/table-schemas.ts'

export const getBatch = defineRoute({
  method: 'GET',
  path: '/v1/tables/:table/batches/:number',
  tag: 'tables',
  summary: 'One batch',
  params: z.strictObject({ table: tableName, number: wholeNumber({ min: 1 }) }),
  answer: batchSchema,
  problems: [404],
  handler: ({ params: { table, number } }, { app }) => {
    const batch = batchesOf(app, table).find((one) => one.number === number)
    if (batch) return batch
    throw apiError(
      'API_UNKNOWN_RESOURCE',
      `table ${table} has no batch ${number}: GET /v1/tables/${table}/batches lists them`,
    )
  },
})
