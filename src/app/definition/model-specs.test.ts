import { expect, test } from 'vitest'
import { z } from 'zod'
import type { FeatureView } from '../../features/index.ts'
import {
  classifier,
  clusterer,
  defineApp,
  lastBatches,
  notWorse,
  regressor,
  sliding,
  topic,
} from '../authoring.ts'
import type { ModelDefinition } from '../define-app.ts'
import { modelSpecsOf } from './model-specs.ts'

const views: FeatureView[] = [
  { name: 'user', table: 'ratings', entity: 'userId', features: ['user_count', 'user_mean'] },
  { name: 'site', table: 'ratings', entity: 'host', features: ['site_count'] },
]

function specOf(model: ModelDefinition<'user' | 'site', 'ratings'>) {
  const app = defineApp({
    name: 'a',
    topics: { ratings: topic({ schema: z.object({ userId: z.int(), rating: z.number() }) }) },
    features: { user: 'select 1', site: 'select 2' },
    models: { m: model },
  })
  return modelSpecsOf(app, views)[0]
}

test('a classifier gets its kind, gate and set by default', () => {
  expect(specOf(classifier({ label: 'rating >= 4', features: ['user'] }))).toEqual({
    name: 'm',
    task: 'classifier',
    kind: 'logistic',
    params: {},
    table: 'ratings',
    label: 'rating >= 4',
    inputs: {
      views: [{ view: 'user', entity: 'userId', features: ['user_count', 'user_mean'] }],
      columns: [],
      categories: [],
    },
    set: { scheme: 'cumulative', parts: 3 },
    retrain: {},
    gate: { metric: 'auc', margin: 0.01, minRows: 50, maxLabelShift: 0.15 },
    minRows: 100,
    seed: 1,
  })
})

test('a regressor with categories learns biases, one without is linear', () => {
  expect(specOf(regressor({ label: 'rating', categories: ['userId'] }))?.kind).toBe('bias')
  expect(specOf(regressor({ label: 'rating', features: ['user'] }))?.kind).toBe('ridge')
})

test('a clusterer reads its entity view and takes k as a parameter', () => {
  const spec = specOf(clusterer({ entity: 'user', k: 5, gate: { silhouette: notWorse(0.2) } }))
  expect(spec).toMatchObject({
    kind: 'kmeans',
    entityView: 'user',
    params: { k: 5 },
    gate: { metric: 'silhouette', margin: 0.2 },
  })
  expect(spec?.inputs.views.map(({ view }) => view)).toEqual(['user'])
})

test('durations of sets and retraining become milliseconds', () => {
  const set = sliding({ length: '7d', slide: '1h' })
  const model = { label: 'rating', columns: ['rating'], set, retrain: { every: '10m' } } as const
  const spec = specOf(regressor(model))
  expect(spec?.set).toEqual({ scheme: 'sliding', lengthMs: 604_800_000, slideMs: 3_600_000 })
  expect(spec?.retrain).toEqual({ everyMs: 600_000 })
  expect(specOf(regressor({ ...model, set: lastBatches(4) }))?.set).toEqual({
    scheme: 'last',
    batches: 4,
  })
})

test('a view whose entity is no column of the table is refused', () => {
  expect(() => specOf(classifier({ label: 'rating >= 4', features: ['site'] }))).toThrow(
    'view "site" is keyed by "host", which is no column of table "ratings"',
  )
})
