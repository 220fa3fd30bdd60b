/**
 * POST /v1/verify
 *
 * Reads everything that is stored and compares it with its checksums; it takes as long as the disk needs for that.
 *
 * 200
 *
 * `{"problems":[{"store":"lake","name":"ratings","file":"ratings-0-….parquet","problem":"its bytes do not match the digest of the manifest","next":"restore it from a backup, …"}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'

export const verifyStores = defineRoute({
  method: 'POST',
  path: '/v1/verify',
  tag: 'system',
  summary: 'Compare everything stored with its checksums',
  body: z.strictObject({}),
  answer: z.object({
    problems: z.array(
      z.object({
        store: z.enum(['lake', 'log', 'registry']),
        name: z.string().describe('Table, topic or model'),
        file: z.string(),
        problem: z.string(),
        next: z.string().describe('What to do'),
      }),
    ),
  }),
  handler: async (_request, { app }) => ({ problems: [...(await app.verify())] }),
})
