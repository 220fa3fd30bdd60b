/**
 * GET /v1/tables/{table}
 *
 * 200 · 404
 *
 * `{"name":"ratings","topic":"ratings","rows":1000,…,"version":1,"columns":[{"name":"userId","type":"integer","nullable":false}],"ends":[{"partition":0,"end":1000}],"fileList":[{"name":"ratings-0-….parquet","partition":0,"first":0,"last":999,"rows":1000,"bytes":…,"sha256":"…","batches":[1,1]}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { tableName } from '../../schemas/input.ts'
import { tableSchema } from '../../schemas/table-schemas.ts'
import { tableAnswer } from '../../table-answer.ts'

export const getTable = defineRoute({
  method: 'GET',
  path: '/v1/tables/:table',
  tag: 'tables',
  summary: 'One table: columns, files, open batch',
  params: z.strictObject({ table: tableName }),
  answer: tableSchema,
  problems: [404],
  handler: ({ params }, { app }) => tableAnswer(app.lake.table(params.table), app),
})
