/**
 * POST /v1/sql
 *
 * One SELECT over all tables, history and the rows not yet in files in one view. `<model>_scores` is what a model says of every
 * entity now. It runs in a child process with limits.
 *
 * - `sql` (body, required): up to 100,000 characters
 * - `params` (body): values for `?` or `$1`
 * - `maxRows` (body, default and most: the `sqlRows` limit)
 * - `timeoutMs` (body, default and most: the `sqlTimeoutMs` limit)
 *
 * 200 · 400 the SQL is wrong (with position) · 403 it does more than read · 408 deadline · 413 memory · 422 · 503 too many
 * queries
 *
 * `{"columns":[{"name":"n","type":"BIGINT"}],"rows":[[100836]],"truncated":false,"durationMs":12.5}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { sqlAnswer } from '../../schemas/table-schemas.ts'

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'a parameter is a text, a number, true, false or null',
})

export const runSql = defineRoute({
  method: 'POST',
  path: '/v1/sql',
  tag: 'sql',
  load: 'query',
  summary: 'Query history and tail with SQL',
  body: z.strictObject({
    sql: z.string().min(1).max(100_000),
    params: z.array(scalar).max(100).optional(),
    maxRows: z.int().min(1).optional(),
    timeoutMs: z.int().min(1).optional(),
  }),
  answer: sqlAnswer,
  problems: [413],
  handler: async ({ body: { sql, ...options }, signal }, { app }) => {
    const { limits } = app
    const result = await app.query.run(sql, {
      ...options,
      maxRows: Math.min(options.maxRows ?? limits.sqlRows, limits.sqlRows),
      timeoutMs: Math.min(options.timeoutMs ?? limits.sqlTimeoutMs, limits.sqlTimeoutMs),
      signal,
    })
    const { columns, rows, truncated, durationMs } = result
    return { columns, rows, truncated, durationMs }
  },
})
