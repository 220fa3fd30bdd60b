/**
 * GET /v1/limits
 *
 * Every limit that is enforced, with its unit in its name.
 *
 * 200
 *
 * `{"jsonBodyBytes":1048576,"recordBytes":1048576,"predictionRows":1000,…}`
 */
import { z } from 'zod'
import { defaultLimits, type Limits } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'

const shape = Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, z.number()]))

export const getLimits = defineRoute({
  method: 'GET',
  path: '/v1/limits',
  tag: 'system',
  summary: 'The limits in force',
  answer: z.object(shape as Record<keyof Limits, z.ZodNumber>),
  handler: (_request, { app }) => app.limits,
})
