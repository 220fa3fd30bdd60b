/**
 * POST /v1/tables/{table}/compact
 *
 * Merges small files; readers go on.
 *
 * - `targetBytes` (body, default 128 MiB): size of the files to aim at, 1 MiB to 4 GiB
 *
 * 200 · 404 · 422
 *
 * `{"table":"ratings","before":101,"after":1}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { tableName } from '../../schemas/input.ts'

const MIB = 1024 * 1024

export const compactTable = defineRoute({
  method: 'POST',
  path: '/v1/tables/:table/compact',
  tag: 'tables',
  summary: 'Merge the small files of a table',
  params: z.strictObject({ table: tableName }),
  body: z.strictObject({
    targetBytes: z
      .int()
      .min(MIB)
      .max(4096 * MIB)
      .default(128 * MIB),
  }),
  answer: z.object({ table: z.string(), before: z.int(), after: z.int() }),
  problems: [404],
  handler: async ({ params: { table }, body }, { app }) => ({
    table,
    ...(await app.lake.table(table).compact(body)),
  }),
})
