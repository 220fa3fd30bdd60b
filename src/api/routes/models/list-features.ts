/**
 * GET /v1/models/{model}/features?asOf=2018-11-15&horizon=14d&limit=100&after=42
 *
 * What a model that looks ahead would have seen at a moment of the past: one row for every entity that was active in the
 * window before it, with its features then, and the label that came of it. No event from `asOf` on is in a feature.
 *
 * - `model` (path): one with a horizon
 * - `asOf` (query, required): a date (midnight UTC) or a time with its zone
 * - `horizon` (query, default the model's own): how far ahead the label looks
 * - `limit` (query, default 100), `after` (query): rows of a page; the entity that the page before ended with
 *
 * 200, `label: null` while events do not reach `asOf` + `horizon` · 404 no such model · 409 it does not look ahead · 422
 *
 * `{"model":"churn","table":"sparkify","asOf":"2018-11-15T00:00:00.000Z","horizonMs":1209600000,"key":"userId","names":["activity"],"rows":[{"entity":"16","features":{"activity":4.2},"label":0}],"next":null}`
 */
import { z } from 'zod'
import { eventTimeMs, quote } from '../../../core/index.ts'
import type { RunningApp } from '../../../app/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { declaredModel } from '../../model-answer.ts'
import { duration, moment, modelName, pageLimit } from '../../schemas/input.ts'
import { pastFeaturesAnswer } from '../../schemas/model-schemas.ts'

export const listFeatures = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/features',
  tag: 'models',
  load: 'query',
  summary: 'Features of all entities as of a moment of the past, and what came of it',
  params: z.strictObject({ model: modelName }),
  query: z.strictObject({
    asOf: moment,
    horizon: duration.optional(),
    limit: pageLimit,
    after: z.string().max(512).optional(),
  }),
  answer: pastFeaturesAnswer,
  problems: [404, 409],
  handler: async ({ params: { model }, query, signal }, { app }) => {
    const { views, table, label, horizon } = lookingAhead(app, model)
    const horizonMs = query.horizon ?? horizon.predictMs
    const past = app.features.pastSql({
      views: views.map(({ view }) => view),
      cutoffMs: query.asOf,
      label: { sql: label, withinMs: horizonMs },
    })
    await app.features.refresh()
    const known = isKnown(app, views[0]?.view, query.asOf + horizonMs)
    const { rows, truncated } = await app.query.run(
      `select * from (${past}) where e > ? order by e`,
      { params: [query.after ?? ''], maxRows: query.limit, signal },
    )
    const names = views.flatMap(({ features }) => features)
    return {
      model,
      table,
      asOf: new Date(query.asOf).toISOString(),
      horizonMs,
      key: views[0]?.entity ?? '',
      names,
      rows: rows.map(([entity, , ...cells]) => ({
        entity: text(entity),
        features: Object.fromEntries(names.map((name, at) => [name, figure(cells[at])])),
        label: known ? Number(cells[names.length]) : null,
      })),
      next: truncated ? text(rows.at(-1)?.[0]) : null,
    }
  },
})

function lookingAhead(app: RunningApp, model: string) {
  const { horizon, label, table, inputs } = declaredModel(app, model)
  if (horizon && label !== undefined) return { horizon, label, table, views: inputs.views }
  const others = [...app.models.values()].filter((spec) => spec.horizon).map(({ name }) => name)
  throw apiError(
    'API_NO_HORIZON',
    `model ${quote(model)} does not look ahead, so it has no cut-offs: ${others.length > 0 ? `ask ${others.join(', ')}` : 'declare one with horizon: { predict: … }'}`,
    { details: { model } },
  )
}

/** True when the events have come so far that every label is what it will stay. */
function isKnown(app: RunningApp, view: string | undefined, untilMs: number): boolean {
  const fresh = app.features.freshness().find((one) => one.view === view)
  return (eventTimeMs(fresh?.dataAsOf) ?? Number.NEGATIVE_INFINITY) >= untilMs
}

const text = (cell: unknown): string => (typeof cell === 'string' ? cell : '')
/** A missing value is NULL there. */
const figure = (cell: unknown): number | null => (typeof cell === 'number' ? cell : null)
