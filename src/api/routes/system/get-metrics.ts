/**
 * GET /metrics
 *
 * 200 in Prometheus' text format, version 0.0.4
 *
 * `millrace_events_accepted_total{topic="ratings",source="http"} 12`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'

export const getMetrics = defineRoute({
  method: 'GET',
  path: '/metrics',
  tag: 'system',
  summary: 'Metrics for Prometheus',
  answer: z.string(),
  answerType: 'text/plain; version=0.0.4; charset=utf-8',
  quiet: true,
  handler: async (_request, { app, reply }) => reply.send(await app.metricsText()),
})
