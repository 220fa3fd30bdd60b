/**
 * GET /v1/groups/{group}
 *
 * 200 · 404
 *
 * `{"group":"sink-ratings","members":[…],"offsets":[{"topic":"ratings","partition":0,"committed":2000,"end":2100,"lag":100}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { findGroup } from '../../find-group.ts'
import { groupName } from '../../schemas/input.ts'
import { groupSchema } from '../../schemas/topic-schemas.ts'

export const getGroup = defineRoute({
  method: 'GET',
  path: '/v1/groups/:group',
  tag: 'groups',
  summary: 'One consumer group',
  params: z.strictObject({ group: groupName }),
  answer: groupSchema,
  problems: [404],
  handler: ({ params }, { app }) => findGroup(app, params.group),
})
