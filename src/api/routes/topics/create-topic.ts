/**
 * POST /v1/topics
 *
 * - `name` (body, required)
 * - `partitions` (body, default 1): 1 to 1,000
 * - `cleanup` (body, default `delete`): `delete` drops old segments, `compact` keeps the last record of each key
 * - `retentionMs`, `retentionBytes` (body, default −1: for ever)
 *
 * 200 the topic, new or there already with the same settings · 403 a name of Millrace's own · 409 it exists with other
 * settings · 422
 *
 * The topic, as `GET /v1/topics/{topic}` gives it.
 */
import { z } from 'zod'
import { isInternalTopic } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { topicName } from '../../schemas/input.ts'
import { topicSchema } from '../../schemas/topic-schemas.ts'
import { topicAnswer } from '../../topic-answer.ts'

export const createTopic = defineRoute({
  method: 'POST',
  path: '/v1/topics',
  tag: 'topics',
  summary: 'Create a topic',
  body: z.strictObject({
    name: topicName,
    partitions: z.int().min(1).max(1_000).default(1),
    cleanup: z.enum(['delete', 'compact']).default('delete'),
    retentionMs: z.int().min(-1).default(-1),
    retentionBytes: z.int().min(-1).default(-1),
  }),
  answer: topicSchema,
  problems: [409],
  handler: async ({ body: { name, partitions, ...config } }, { app }) => {
    if (isInternalTopic(name)) {
      throw apiError('API_RESERVED_TOPIC', `names like ${name} are Millrace's own: use another`)
    }
    return topicAnswer(await app.log.createTopic({ name, partitions, config }), app)
  },
})
