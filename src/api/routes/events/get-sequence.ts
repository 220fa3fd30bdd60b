/**
 * GET /v1/topics/{topic}/sequences/{sequence}
 *
 * How far a sender's own numbering is stored: where `millrace produce` goes on after a break.
 *
 * - `topic` (path)
 * - `sequence` (path): percent-encoded name, 1 to 256 characters
 *
 * 200, also for a sequence that was never used (position 0)
 *
 * `{"topic":"ratings","sequence":"file:ratings.csv","position":2000}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { topicName } from '../../schemas/input.ts'

export const getSequence = defineRoute({
  method: 'GET',
  path: '/v1/topics/:topic/sequences/:sequence',
  tag: 'events',
  summary: 'Last stored position of a sequence',
  params: z.strictObject({ topic: topicName, sequence: z.string().min(1).max(256) }),
  answer: z.object({ topic: z.string(), sequence: z.string(), position: z.int() }),
  problems: [404],
  handler: async ({ params: { topic, sequence } }, { app }) => ({
    topic,
    sequence,
    position: await app.ingest.sequencePosition(topic, sequence),
  }),
})
