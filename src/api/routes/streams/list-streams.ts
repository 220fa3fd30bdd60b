/**
 * GET /v1/streams
 *
 * 200
 *
 * `{"streams":[{"name":"word_sums","from":"test-topic","to":"word_sums","steps":12,"results":12,"dropped":{"late":1,"ahead":0,"invalid":0},"lagRecords":0,"watermark":"2026-01-31T12:00:20.000Z","closedUntil":"2026-01-31T12:00:20.000Z","openWindows":1}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { streamSchema } from '../../schemas/stream-schemas.ts'

export const listStreams = defineRoute({
  method: 'GET',
  path: '/v1/streams',
  tag: 'streams',
  summary: 'Derived streams: windows and rows of lists',
  answer: z.object({ streams: z.array(streamSchema) }),
  handler: async (_request, { app }) => ({
    streams: await Promise.all([...app.streams.values()].map((stream) => stream.progress())),
  }),
})
