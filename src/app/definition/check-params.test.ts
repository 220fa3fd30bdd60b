import { expect, test } from 'vitest'
import { isMillraceError, type Issue } from '../../core/index.ts'
import type { ModelSpec } from '../../training/index.ts'
import { RATING, SEGMENTS } from '../../../test/fixtures/ratings-lake.ts'
import { checkParams } from './check-params.ts'

async function issuesOf(...specs: readonly ModelSpec[]): Promise<readonly Issue[]> {
  try {
    await checkParams(specs)
  } catch (error) {
    if (!isMillraceError(error, 'APP_INVALID')) throw error
    return error.details['issues'] as Issue[]
  }
  return []
}

const search = { method: 'grid', budgetMs: 1_000, trials: 10 } as const

test('sound models have no issue, with and without a search', async () => {
  expect(await issuesOf(RATING, { ...SEGMENTS, search })).toEqual([])
})

test('a kind that is not there, and one of another task, name the field', async () => {
  const [unknown] = await issuesOf({ ...RATING, kind: 'oracle' })
  expect(unknown?.path).toBe('/models/rating/kind')
  expect(unknown?.message).toMatch(/no kind of model "oracle": use one of .*ridge/)
  const [other] = await issuesOf({ ...RATING, kind: 'logistic' })
  expect(other?.message).toBe('"logistic" is a kind of classifier, and rating is a regressor')
})

test('a wrong parameter, and a wrong value to try, name the field', async () => {
  expect(await issuesOf({ ...RATING, params: { damping: -1 } })).toMatchObject([
    { path: '/models/rating/params/damping' },
  ])
  const values = { damping: [1, -1], factors: [8] }
  const issues = await issuesOf({ ...RATING, search: { ...search, values } })
  expect(issues.map(({ path }) => path)).toEqual([
    '/models/rating/search/values/damping/1',
    '/models/rating/search/values/factors/0',
  ])
})

test('a kind that is only trained in full has no refresh', async () => {
  const lists = { ...RATING, task: 'recommender', label: undefined, params: {} } as const
  const retrain = { batches: 10, refresh: { batches: 1 } }
  expect(await issuesOf({ ...lists, kind: 'als', retrain })).toEqual([])
  expect(await issuesOf({ ...lists, kind: 'item-knn', retrain })).toMatchObject([
    { path: '/models/rating/retrain/refresh', message: /only be trained in full/ },
  ])
})

test('a kind without parameters has nothing to search for', async () => {
  const [issue] = await issuesOf({ ...RATING, kind: 'mean', search })
  expect(issue?.path).toBe('/models/rating/search')
})
