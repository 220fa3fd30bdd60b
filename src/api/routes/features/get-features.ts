/**
 * GET /v1/features/{view}?entity=42
 *
 * The features of one entity with every event acknowledged so far.
 *
 * - `view` (path): name of a feature view
 * - `entity` (query, required): its id
 *
 * 200, with `features: null` for an entity never seen · 404 no such view
 *
 * `{"view":"user","entity":"42","key":"userId","features":{"user_ratings":20,"user_mean":3.9},"dataAsOf":1537799250,"lagRecords":0}`
 */
import { z } from 'zod'
import { quote } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { plainName } from '../../schemas/input.ts'

export const getFeatures = defineRoute({
  method: 'GET',
  path: '/v1/features/:view',
  tag: 'features',
  summary: 'Online features of an entity',
  params: z.strictObject({ view: plainName }),
  query: z.strictObject({ entity: z.string().min(1).max(512) }),
  answer: z.object({
    view: z.string(),
    entity: z.string(),
    key: z.string().describe('Column that names the entity'),
    features: z.record(z.string(), z.number().nullable()).nullable(),
    dataAsOf: z.number().nullable(),
    lagRecords: z.int().describe('Durable records that are not yet in the view'),
  }),
  problems: [404],
  handler: async ({ params, query: { entity } }, { app }) => {
    const view = app.features.views.find(({ name }) => name === params.view)
    if (!view) {
      const names = app.features.views.map(({ name }) => name).join(', ')
      throw apiError(
        'API_UNKNOWN_RESOURCE',
        `there is no feature view ${quote(params.view)}: the app declares ${names || 'none'}`,
      )
    }
    await app.features.refresh()
    const values = app.features.get(view.name, entity)
    const fresh = app.features.freshness().find((one) => one.view === view.name)
    return {
      view: view.name,
      entity,
      key: view.entity,
      features: values
        ? Object.fromEntries(view.features.map((name, at) => [name, finite(values[at])]))
        : null,
      dataAsOf: fresh?.dataAsOf ?? null,
      lagRecords: fresh?.lagRecords ?? 0,
    }
  },
})

/** NaN is a missing value. */
const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null
