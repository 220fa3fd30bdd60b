/**
 * POST /v1/models/{model}/predict?version=champion&reasons=3
 *
 * One row (an object) or up to 1,000 (an array). An entity that the model does not know gets the declared fallback, named in
 * the answer; it is no error.
 *
 * - `model` (path)
 * - `version` (query, default `champion`): a number or an alias
 * - `reasons` (query, default 0): so many inputs with the largest effects, for each row
 * - `explain` (query, default false): the whole account of each answer: base + Σ effects = score
 * - body: entity ids and columns by name; ids may be numbers or texts
 *
 * 200 with headers `x-model-version` and `x-data-as-of` · 404 no such model or version · 409 a recommender · 413 too many rows · 422 a row
 * misses a field · 503 no version serves yet, with what is missing
 *
 * `{"model":"like","task":"classifier","version":3,"digest":"…","set":{"scheme":"cumulative","part":3,"of":3},"dataAsOf":1537799250,"predictions":[{"label":1,"probability":0.81}]}`
 */
import { z } from 'zod'
import { isMillraceError, MillraceError, type Issue } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { declaredModel } from '../../model-answer.ts'
import { flag, modelName, versionRef, wholeNumber } from '../../schemas/input.ts'
import { predictAnswer } from '../../schemas/model-schemas.ts'
import { setPredictionHeaders } from '../../prediction-headers.ts'

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'a value is a text, a number, true, false or null',
})
const row = z.record(z.string(), cell, { error: 'a row is an object of columns' })

export const predictRows = defineRoute({
  method: 'POST',
  path: '/v1/models/:model/predict',
  tag: 'models',
  load: 'predict',
  summary: 'Predict one row or many',
  params: z.strictObject({ model: modelName }),
  query: z.strictObject({
    version: versionRef.default('champion'),
    reasons: wholeNumber({ max: 100 }).default(0),
    explain: flag.default(false),
  }),
  body: z.union([row, z.array(row).min(1, { error: 'send at least one row' })]),
  answer: predictAnswer,
  problems: [404, 409],
  handler: async ({ params: { model }, query, body, raw }, { app, reply }) => {
    if (declaredModel(app, model).task === 'recommender') {
      throw apiError(
        'API_NO_ROWS',
        `${model} is a recommender: ask GET /v1/recommendations/{user}, or POST /v1/estimates for pairs`,
      )
    }
    const rows = Array.isArray(body) ? body : [body]
    const most = app.limits.predictionRows
    if (rows.length > most) {
      throw apiError(
        'API_TOO_MANY_ROWS',
        `${rows.length} rows are more than ${most} at a time: send them in parts`,
        { details: { limitRows: most } },
      )
    }
    const options = { ...query, requestId: raw.id }
    const answer = await app.serving
      .predict(model, rows, options)
      .catch((error: unknown) => throwForBody(error, Array.isArray(body)))
    setPredictionHeaders(reply, answer)
    return answer
  },
})

/** Serving points into `/rows`; the caller sent an array, or one row. */
function throwForBody(error: unknown, isArray: boolean): never {
  const issues = isMillraceError(error) ? error.details['issues'] : undefined
  if (!isMillraceError(error) || !Array.isArray(issues)) throw error
  const { code, status, retryable, title, message, details } = error
  const moved = (issues as Issue[]).map((issue) => ({
    ...issue,
    path: issue.path.replace(isArray ? /^\/rows/ : /^\/rows\/0/, ''),
  }))
  const spec = { status, retryable, title }
  throw new MillraceError(code, spec, message, {
    details: { ...details, issues: moved },
    cause: error,
  })
}
