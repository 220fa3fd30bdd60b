/**
 * GET /v1/models/{model}/scores?limit=20&version=champion
 *
 * What a classifier or regressor says of every entity of its feature views, as of the newest events: who is at risk, highest
 * first. Entities without features now (none in the window, or gone) are not among them.
 *
 * - `model` (path)
 * - `limit` (query, default 100): so many of them
 * - `version` (query, default `champion`): a number or an alias
 *
 * 200 with headers `x-model-version` and `x-data-as-of` · 404 no such model or version · 422 the model does not score one kind
 * of entity · 503 no version serves yet
 *
 * `{"model":"churn","task":"classifier","version":3,"digest":"…","set":{"scheme":"cumulative","part":3},"dataAsOf":1543622399000,"key":"userId","entities":210,"scores":[{"entity":"17","label":0,"probability":0.31}]}`
 */
import { z } from 'zod'
import { setPredictionHeaders } from '../../prediction-headers.ts'
import { defineRoute } from '../../define-route.ts'
import { declaredModel } from '../../model-answer.ts'
import { modelName, pageLimit, versionRef } from '../../schemas/input.ts'
import { predictAnswer, predictionSchema } from '../../schemas/model-schemas.ts'

export const listScores = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/scores',
  tag: 'models',
  summary: 'Scores of all entities, highest first',
  params: z.strictObject({ model: modelName }),
  query: z.strictObject({ limit: pageLimit, version: versionRef.default('champion') }),
  answer: predictAnswer.omit({ predictions: true }).extend({
    key: z.string().describe('Column that names the entity'),
    entities: z.int().describe('Entities in all'),
    scores: z.array(predictionSchema.extend({ entity: z.string() })),
  }),
  problems: [404],
  handler: async ({ params: { model }, query: { limit, version } }, { app, reply }) => {
    declaredModel(app, model)
    const answer = await app.serving.scores(model, { version })
    setPredictionHeaders(reply, answer)
    const { scores } = answer
    return { ...answer, entities: scores.length, scores: scores.slice(0, limit) }
  },
})
