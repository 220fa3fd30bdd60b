/**
 * GET /livez
 *
 * 200 as long as the process can answer at all: a restart would not help.
 *
 * `{"status":"alive"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'

export const getLivez = defineRoute({
  method: 'GET',
  path: '/livez',
  tag: 'system',
  summary: 'Is the process alive?',
  answer: z.object({ status: z.literal('alive') }),
  quiet: true,
  handler: () => ({ status: 'alive' }) as const,
})
