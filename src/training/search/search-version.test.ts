/** The searches of all tasks, each in the process of its training; `training-process.test.ts` has the recommender's. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import {
  LIKE,
  openFixture,
  RATING,
  ratingRecords,
  SEGMENTS,
  type Fixture,
  type RatingEvent,
  type RatingOptions,
} from '../../../test/fixtures/ratings-lake.ts'
import type { ModelSpec, SearchSpec } from '../model-spec.ts'
import type { TrainingOutcome } from '../plan.ts'
import { inShare, isGateRow, timeSplit } from '../splits.ts'
import { trainOn } from '../../../test/fixtures/train-on.ts'

const ROWS = 3_000
const SEARCH: SearchSpec = { method: 'grid', budgetMs: 60_000, trials: 100 }

/** Rows that a search may neither train on nor be judged by: of the gate, of the random test set, last of their user. */
function forbiddenRows(): (offset: number) => boolean {
  const events = ratingRecords(0, ROWS, { seed: 1 }).map(
    ({ value }) => JSON.parse(String(value)) as RatingEvent,
  )
  const isGate = (offset: number): boolean => isGateRow('ratings', 0, offset)
  const late = timeSplit(
    events.map(({ userId }) => String(userId)),
    (offset) => !isGate(offset),
  )
  const isRandomTest = (offset: number): boolean =>
    inShare(`test:${RATING.seed}`, `0:${offset}`, 0.2)
  return (offset) => isGate(offset) || isRandomTest(offset) || late[offset] === 1
}

describe('the search for parameters', () => {
  let out: string
  const fixtures: Fixture[] = []
  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'millrace-search-'))
  })
  afterAll(async () => {
    for (const fixture of fixtures) await fixture.close()
    await rm(out, { recursive: true, force: true })
  })

  async function openWith(change?: RatingOptions['change']): Promise<Fixture> {
    const fixture = await openFixture()
    fixtures.push(fixture)
    await fixture.addBatch(ROWS, { seed: 1, ...(change && { change }) })
    return fixture
  }

  const train = (fixture: Fixture, spec: ModelSpec): Promise<TrainingOutcome> =>
    trainOn(fixture, spec, join(out, spec.name))

  const scoresOf = ({ search }: TrainingOutcome): (number | undefined)[] =>
    search?.trials.map(({ score }) => score) ?? []

  it('a regressor finds the damping that the noise asks for, and its version is trained with it', async () => {
    const fixture = await openWith()
    const spec: ModelSpec = {
      ...RATING,
      params: { damping: 500 },
      search: { ...SEARCH, values: { damping: [1, 5, 50] } },
    }
    const found = await train(fixture, spec)
    assert.equal(found.search?.metric, 'rmse')
    assert.equal(found.search.better, 'lower')
    assert.equal(found.search.ended, 'done')
    const damping = found.search.trials[found.search.chosen]?.params['damping']
    assert.ok(damping === 1 || damping === 5, String(found.search.chosen))
    const scores = scoresOf(found)
    assert.equal(found.search.trials[found.search.chosen]?.score, Math.min(...scores.map(Number)))
    const plain = await train(fixture, { ...RATING, params: { damping } })
    assert.deepEqual(found.reports, plain.reports)
  })

  it('no test row and no gate row is touched: other labels there change no score', async () => {
    const isForbidden = forbiddenRows()
    const [before, after] = [
      await openWith(),
      await openWith((event, offset) =>
        isForbidden(offset) ? { ...event, rating: 5.5 - event.rating } : event,
      ),
    ]
    const spec = { ...RATING, search: { ...SEARCH, values: { damping: [1, 5, 50] } } }
    const [one, other] = [await train(before, spec), await train(after, spec)]
    assert.deepEqual(scoresOf(one), scoresOf(other))
    assert.notDeepEqual(one.reports, other.reports)
    const rows = one.search?.rows ?? 0
    assert.ok(rows > 200 && rows < ROWS * 0.9 * 0.8 * 0.2, `${rows} validation rows`)
  })

  it('a classifier by halving, a clusterer by its silhouette', async () => {
    const fixture = await openWith()
    const like = await train(fixture, {
      ...LIKE,
      search: { ...SEARCH, method: 'halving', values: { regularization: [0.1, 1, 10, 1e6, 1e9] } },
    })
    const shares = new Set(like.search?.trials.map(({ share }) => share))
    assert.deepEqual(shares, new Set([1, 1 / 3]))
    assert.ok(Number(like.search?.trials[like.search.chosen]?.params['regularization'] ?? 1) <= 10)
    const segments = await train(fixture, {
      ...SEGMENTS,
      params: { k: 20 },
      search: { ...SEARCH, method: 'random', values: { k: [2, 3, 10] } },
    })
    assert.equal(segments.search?.metric, 'silhouette')
    assert.equal(segments.search.trials.length, 4)
    assert.notEqual(segments.search.chosen, 0)
  })

  it('with groups, no group that tests is touched, and a model without rows to judge by says so', async () => {
    const fixture = await openWith()
    const search = { ...SEARCH, values: { damping: [1, 50] } }
    const grouped = await train(fixture, {
      ...RATING,
      evaluation: { groupBy: 'movieId' },
      search,
    })
    assert.equal(grouped.search?.trials.length, 3)
    const nobody = await train(fixture, {
      ...RATING,
      label: 'case when timestamp < 1000000480 then rating end',
      minRows: 1,
      search,
    })
    assert.equal(nobody.search, undefined)
    assert.match(nobody.warnings?.join() ?? '', /search for parameters had no rows/)
  })

  it('a model that looks ahead finds its parameters; entities that test or vote change no score', async () => {
    const isForbidden = (userId: number): boolean =>
      inShare('gate:ratings:entity', String(userId), 0.1) ||
      inShare(`test:${LIKE.seed}`, String(userId), 0.2)
    const [before, after] = [
      await openWith(),
      await openWith((event) =>
        isForbidden(event.userId) ? { ...event, rating: 5.5 - event.rating } : event,
      ),
    ]
    const hour = 3_600_000
    const recent = {
      name: 'recent',
      sql: 'select userId, count(*) as n, avg(rating) as mean from ratings group by userId',
      windowMs: 12 * hour,
    }
    const spec: ModelSpec = {
      ...LIKE,
      label: 'rating >= 5',
      horizon: { windowMs: recent.windowMs, predictMs: 4 * hour, everyMs: 2 * hour },
      inputs: {
        views: [{ view: 'recent', entity: 'userId', features: ['n', 'mean'] }],
        columns: [],
        categories: [],
      },
      params: { regularization: 1e9 },
      search: { ...SEARCH, values: { regularization: [1, 1e9] } },
    }
    const withView = (fixture: Fixture): Fixture => ({
      ...fixture,
      source: { ...fixture.source, views: [recent] },
    })
    const [one, other] = [await train(withView(before), spec), await train(withView(after), spec)]
    assert.equal(one.search?.metric, 'auc')
    assert.equal(one.search.trials[one.search.chosen]?.params['regularization'], 1)
    assert.deepEqual(scoresOf(one), scoresOf(other))
    assert.notDeepEqual(one.reports, other.reports)
  })
})
