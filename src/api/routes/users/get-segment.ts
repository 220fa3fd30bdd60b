/**
 * GET /v1/users/{user}/segment
 *
 * The cluster of a user, by the app's first clusterer over a view of users. An unknown user gets the fallback, named in the
 * answer.
 *
 * - `user` (path): id
 *
 * 200 · 404 the app clusters no users · 503 no version serves yet
 *
 * `{"user":"42","model":"segments","version":2,"cluster":1,"label":"high user_ratings","distance":0.8}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { setPredictionHeaders } from '../../prediction-headers.ts'

export const getSegment = defineRoute({
  method: 'GET',
  path: '/v1/users/:user/segment',
  tag: 'users',
  summary: 'Segment of a user',
  params: z.strictObject({ user: z.string().min(1).max(512) }),
  answer: z.object({
    user: z.string(),
    model: z.string(),
    version: z.int(),
    cluster: z.int().nullable(),
    label: z.string().nullable(),
    distance: z.number().nullable(),
    fallback: z.object({ unknown: z.array(z.string()), used: z.string() }).optional(),
  }),
  problems: [404],
  handler: async ({ params: { user } }, { app, reply }) => {
    const clusterers = [...app.models.values()].filter(({ task }) => task === 'clusterer')
    const model = clusterers.find(({ entityView = '' }) => /user/i.test(entityView))
    const view = app.features.views.find(({ name }) => name === model?.entityView)
    if (!model || !view) {
      throw apiError(
        'API_UNKNOWN_RESOURCE',
        'the app has no clusterer over a view of users: declare one, with a view named user',
      )
    }
    const answer = await app.serving.predict(model.name, [{ [view.entity]: user }])
    setPredictionHeaders(reply, answer)
    const [prediction] = answer.predictions
    return {
      user,
      model: answer.model,
      version: answer.version,
      cluster: prediction?.cluster ?? null,
      label: prediction?.clusterLabel ?? null,
      distance: prediction?.distance ?? null,
      ...(prediction?.fallback ? { fallback: prediction.fallback } : {}),
    }
  },
})
