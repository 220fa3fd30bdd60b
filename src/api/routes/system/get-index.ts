/**
 * GET /
 *
 * Where things are; a browser is led to the dashboard. An app that declares `/` itself takes this place.
 *
 * 200 · 302 to `/ui` for who accepts `text/html`
 *
 * `{"app":"movielens","version":"0.1.0","ui":"/ui","docs":"/docs","openapi":"/openapi.json","status":"/v1/status","ready":"/readyz","metrics":"/metrics"}`
 */
import { z } from 'zod'
import { packageVersion } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'

export const getIndex = defineRoute({
  method: 'GET',
  path: '/',
  tag: 'system',
  summary: 'Where things are',
  answer: z.object({
    app: z.string(),
    version: z.string(),
    ui: z.string(),
    docs: z.string(),
    openapi: z.string(),
    status: z.string(),
    ready: z.string(),
    metrics: z.string(),
    models: z.array(z.string()).describe('Where each model predicts'),
    routes: z.array(z.string()).describe("The app's own routes"),
  }),
  handler: ({ raw }, { app, reply }) => {
    if (raw.headers.accept?.includes('text/html') === true) return reply.redirect('/ui', 302)
    return {
      app: app.definition.name,
      version: packageVersion(),
      ui: '/ui',
      docs: '/docs',
      openapi: '/openapi.json',
      status: '/v1/status',
      ready: '/readyz',
      metrics: '/metrics',
      models: [...app.models.keys()].map((model) => `/v1/models/${model}/predict`),
      routes: (app.definition.routes ?? []).map(({ method, path }) => `${method} ${path}`),
    }
  },
})
