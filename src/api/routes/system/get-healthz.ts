/**
 * GET /healthz
 *
 * The same as `GET /livez`, under the name that other tools look for.
 *
 * 200
 *
 * `{"status":"alive"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'

export const getHealthz = defineRoute({
  method: 'GET',
  path: '/healthz',
  tag: 'system',
  summary: 'Is the process alive? (other name of /livez)',
  answer: z.object({ status: z.literal('alive') }),
  quiet: true,
  handler: () => ({ status: 'alive' }) as const,
})
