/**
 * GET /v1/tables
 *
 * 200
 *
 * `{"tables":[{"name":"ratings","topic":"ratings","rows":100000,"bytes":…,"files":10,"lastBatch":10,"open":{"number":11,"rows":836,"bytes":…,"ageMs":12},"failure":null}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { tableSummarySchema } from '../../schemas/table-schemas.ts'
import { tableSummary } from '../../table-answer.ts'

export const listTables = defineRoute({
  method: 'GET',
  path: '/v1/tables',
  tag: 'tables',
  summary: 'All tables of the lake',
  answer: z.object({ tables: z.array(tableSummarySchema) }),
  handler: (_request, { app }) => ({
    tables: app.lake.tables().map((table) => tableSummary(table, app)),
  }),
})
