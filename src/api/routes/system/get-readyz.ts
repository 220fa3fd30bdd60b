/**
 * GET /readyz?role=ingest
 *
 * Would it succeed now? Each role is probed for real. Ingest never waits for a model.
 *
 * - `role` (query, default: all that run): `ingest`, `query` or `serve`
 *
 * 200 · 503 with what is missing and how much in `waiting`; `warnings` says what works and is weaker than promised
 *
 * `{"status":"ready","roles":[{"role":"ingest","ready":true,"waiting":[],"warnings":[]}]}`
 */
import { z } from 'zod'
import { appError } from '../../../app/index.ts'
import { defineRoute } from '../../define-route.ts'
import { roleSchema } from '../../schemas/system-schemas.ts'

export const getReadyz = defineRoute({
  method: 'GET',
  path: '/readyz',
  tag: 'system',
  summary: 'Is it ready, and if not, why not?',
  query: z.strictObject({
    role: z
      .enum(['ingest', 'query', 'serve'], { error: 'write ingest, query or serve' })
      .optional(),
  }),
  answer: z.object({ status: z.literal('ready'), roles: z.array(roleSchema) }),
  quiet: true,
  handler: async ({ query }, { app }) => {
    const roles = await app.readiness(query.role)
    if (roles.every(({ ready }) => ready)) return { status: 'ready' as const, roles }
    const waiting = roles.flatMap((role) => role.waiting)
    throw appError('APP_NOT_READY', `not ready: ${waiting.join('; ')}`, {
      details: { waiting, roles },
      retryAfterSeconds: 1,
    })
  },
})
