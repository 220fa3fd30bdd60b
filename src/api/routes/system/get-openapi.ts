/**
 * GET /openapi.json
 *
 * 200 the OpenAPI 3.1 document of this server, with the app's own routes
 *
 * `{"openapi":"3.1.0","info":{…},"paths":{…}}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'

export const getOpenapi = defineRoute({
  method: 'GET',
  path: '/openapi.json',
  tag: 'system',
  summary: 'This document',
  answer: z.looseObject({ openapi: z.string() }),
  handler: ({ raw }) => ({ ...raw.server.swagger(), openapi: '3.1.0' }),
})
