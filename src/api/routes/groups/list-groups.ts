/**
 * GET /v1/groups
 *
 * 200
 *
 * `{"groups":[{"group":"sink-ratings","members":[{"memberId":"…","assignment":[{"topic":"ratings","partition":0}]}],"offsets":[{"topic":"ratings","partition":0,"committed":2000,"end":2100,"lag":100}]}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { groupSchema } from '../../schemas/topic-schemas.ts'

export const listGroups = defineRoute({
  method: 'GET',
  path: '/v1/groups',
  tag: 'groups',
  summary: 'Consumer groups with their lag',
  answer: z.object({ groups: z.array(groupSchema) }),
  handler: async (_request, { app }) => ({ groups: await app.log.groups() }),
})
