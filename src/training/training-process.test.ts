import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { systemClock } from '../core/index.ts'
import { runTrainingProcess, type ProcessOptions } from './training-process.ts'
import {
  LIKE,
  openFixture,
  RATING,
  SEGMENTS,
  TOOLS,
  type Fixture,
} from '../../test/fixtures/ratings-lake.ts'
import type { ModelSpec } from './model-spec.ts'
import type { TrainingPlan } from './plan.ts'

const LISTS: ModelSpec = {
  name: 'lists',
  task: 'recommender',
  kind: 'als',
  params: {},
  table: 'ratings',
  inputs: { views: [], columns: [], categories: [] },
  interactions: { user: 'userId', item: 'movieId', value: 'rating', combine: 'last' },
  set: { scheme: 'cumulative', parts: 3 },
  retrain: {},
  gate: { metric: 'ndcg@10', margin: 0.01, minRows: 50, maxLabelShift: 0.5 },
  minRows: 200,
  seed: 1,
}

/** Processes of our own that train. */
function trainingChildren(): number[] {
  const tasks = readdirSync('/proc/self/task')
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return children
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('training-child'))
}

const options = (): ProcessOptions => ({
  clock: systemClock,
  timeoutMs: 60_000,
  signal: new AbortController().signal,
  onProgress: () => {},
  onEstimate: () => {},
})

describe('one training in its process', () => {
  let fixture: Fixture
  let out: string

  beforeAll(async () => {
    fixture = await openFixture()
    out = await mkdtemp(join(tmpdir(), 'millrace-out-'))
    for (const seed of [1, 2, 3, 4]) await fixture.addBatch(1_500, { seed })
  })
  afterAll(async () => {
    await fixture.close()
    await rm(out, { recursive: true, force: true })
  })

  const planOf = (spec: ModelSpec, change: Partial<TrainingPlan> = {}): TrainingPlan => {
    const snapshot = fixture.table.snapshot()
    const needed = new Set([...spec.inputs.views.map((one) => one.view), spec.entityView])
    return {
      spec,
      table: fixture.source.table,
      views: fixture.source.views.filter((view) => needed.has(view.name)),
      files: snapshot.files.map((file) => snapshot.path(file)),
      history: [{ partition: 0, first: 0, last: 5_999 }],
      rows: [{ partition: 0, first: 0, last: 5_999 }],
      fresh: [{ partition: 0, first: 4_500, last: 5_999 }],
      outDir: join(out, spec.name),
      evaluate: true,
      memoryBytes: TOOLS.limits.trainingMemoryBytes,
      ...change,
    }
  }

  it('a classifier finds the planted taste, beats guessing on both splits, and reports all four', async () => {
    const outcome = await runTrainingProcess(planOf(LIKE), options())
    assert.equal(outcome.rowCount, 6_000)
    assert.deepEqual(
      outcome.reports.map((report) => report.split),
      ['time', 'random', 'gate', 'gate-newest'],
    )
    for (const report of outcome.reports) {
      assert.ok((report.metrics['auc'] ?? 0) > 0.75, `${report.split} ${report.metrics['auc']}`)
      assert.equal(report.baseline['auc'], 0.5)
    }
    assert.equal(outcome.gate.passed, true, outcome.gate.reason)
    assert.equal(outcome.dataAsOf, 1_000_000_000 + 5_999 * 60)
  })

  it('every figure but the champion’s has an interval that holds it', async () => {
    const { reports } = await runTrainingProcess(planOf(LIKE), options())
    for (const { split, metrics, intervals } of reports) {
      const [low, high] = intervals?.['auc'] ?? [1, 0]
      const value = metrics['auc'] ?? -1
      assert.ok(low <= value && value <= high, `${split}: ${low} ≤ ${value} ≤ ${high}`)
    }
  })

  it('more splits on demand: by group, in folds, in folds of groups', async () => {
    const splits = async (evaluation: ModelSpec['evaluation']) => {
      const { reports } = await runTrainingProcess(planOf({ ...LIKE, evaluation }), options())
      return reports.filter(({ split }) => split === 'grouped' || split === 'folds')
    }
    const [grouped] = await splits({ groupBy: 'movieId' })
    assert.equal(grouped?.split, 'grouped')
    // A fifth of forty movies, give or take.
    assert.ok(grouped.rows > 500 && grouped.rows < 2_000, `${grouped.rows} rows`)
    const random = await splits({ folds: 3 })
    const byMovie = await splits({ folds: 3, groupBy: 'movieId' })
    for (const [report] of [random, byMovie]) {
      assert.equal(report?.split, 'folds')
      // Every row but the gate's tests once.
      assert.ok(report.rows > 5_200 && report.rows < 5_600, `${report.rows} rows`)
      assert.ok((report.metrics['auc'] ?? 0) > 0.6)
      assert.equal(report.baseline['auc'], 0.5)
    }
    assert.equal(random[0]?.rows, byMovie[0]?.rows)
  })

  it('a recommender’s parameters are searched for within the time; the best of the validation split are used', async () => {
    const values = { factors: [2, 8], unobserved: [0.05, 0.5] }
    const spec: ModelSpec = {
      ...LISTS,
      params: { factors: 4, unobserved: 1_000 },
      search: { method: 'random', budgetMs: 30_000, trials: 100, values },
    }
    const { search, reports } = await runTrainingProcess(planOf(spec), options())
    assert.deepEqual(search?.trials[0]?.params, spec.params)
    assert.equal(search.trials.length, 5)
    const best = search.trials[search.chosen]
    assert.equal(best?.score, Math.max(...search.trials.map(({ score = -1 }) => score)))
    // Parameters as good as none were declared: what the search found must show in the version's own figures.
    const { reports: before } = await runTrainingProcess(
      planOf({ ...LISTS, params: best.params }),
      options(),
    )
    const ndcg = (some: typeof reports): number =>
      some.find(({ split }) => split === 'random')?.metrics['ndcg@10'] ?? -1
    assert.equal(ndcg(reports), ndcg(before))
  })

  it('an error of another room reaches the caller with its code and remedy', async () => {
    const plan = planOf({ ...LISTS, params: { confidence: 'value', confidenceScale: 1e6 } })
    await assert.rejects(runTrainingProcess(plan, options()), {
      code: 'MODEL_INVALID_DATA',
      status: 422,
      message: /set confidence to log or binary, or lower confidenceScale/,
    })
  })

  it('a regressor on ids reaches the noise floor', async () => {
    const outcome = await runTrainingProcess(planOf(RATING), options())
    const random = outcome.reports.find((report) => report.split === 'random')
    assert.ok((random?.metrics['rmse'] ?? 9) < 0.58, `${random?.metrics['rmse']}`)
    assert.ok((random?.baseline['rmse'] ?? 0) > 0.9, `${random?.baseline['rmse']}`)
  })

  it('a clusterer groups entities, not rows', async () => {
    const outcome = await runTrainingProcess(planOf(SEGMENTS), options())
    assert.equal(outcome.rowCount, 60)
    assert.ok((outcome.reports[0]?.metrics['silhouette'] ?? -1) > 0)
  })

  it('too few rows is a sentence with both numbers', async () => {
    const plan = planOf({ ...LIKE, minRows: 10_000 })
    await assert.rejects(runTrainingProcess(plan, options()), {
      code: 'TRAINING_NOT_READY',
      message: /like needs 10000 labelled rows, the set has 6000/,
    })
  })

  it('more memory than the limit is refused before the fit, with both numbers', async () => {
    const plan = planOf(LIKE, { memoryBytes: 1_000_000 })
    await assert.rejects(runTrainingProcess(plan, options()), { code: 'TRAINING_OUT_OF_MEMORY' })
  })

  it.skipIf(process.platform !== 'linux')(
    'C5: a process that is killed in the middle is told as crashed, each time, and the next one trains',
    async () => {
      for (let round = 0; round < 3; round += 1) {
        const killed: number[] = []
        const onEstimate = (): void => {
          for (const pid of trainingChildren()) {
            process.kill(pid, 'SIGKILL')
            killed.push(pid)
          }
        }
        await assert.rejects(runTrainingProcess(planOf(LIKE), { ...options(), onEstimate }), {
          code: 'TRAINING_CRASHED',
        })
        assert.equal(killed.length, 1)
      }
      const outcome = await runTrainingProcess(planOf(LIKE), options())
      assert.equal(outcome.gate.passed, true)
    },
  )

  it('a recommender that would not fit is refused with its need in bytes and the settings that fit', async () => {
    const needOf = async (factors: number): Promise<number> => {
      const abort = new AbortController()
      let need = 0
      const onEstimate = (bytes: number): void => {
        need = bytes
        abort.abort()
      }
      const plan = planOf({ ...LISTS, params: { factors } })
      const control = { ...options(), onEstimate, signal: abort.signal }
      await assert.rejects(runTrainingProcess(plan, control), { code: 'TRAINING_CANCELLED' })
      return need
    }
    const limit = (await needOf(1_024)) - 1
    const plan = planOf({ ...LISTS, params: { factors: 1_024 } }, { memoryBytes: limit })
    const refused = await runTrainingProcess(plan, options()).then(
      () => assert.fail('it was trained'),
      (error: Error) => error.message,
    )
    assert.match(refused, new RegExp(`needs about ${limit + 1} bytes, the limit is ${limit}: set `))
    const factors = Number(/: set factors to (\d+) or less, raise/.exec(refused)?.[1])
    assert.ok((await needOf(factors)) <= limit)
    assert.ok((await needOf(factors + 1)) > limit)
  })

  it('a deadline and a cancellation end the process', async () => {
    await assert.rejects(runTrainingProcess(planOf(LIKE), { ...options(), timeoutMs: 1 }), {
      code: 'TRAINING_TIMEOUT',
    })
    const abort = new AbortController()
    const running = runTrainingProcess(planOf(LIKE), { ...options(), signal: abort.signal })
    abort.abort()
    await assert.rejects(running, { code: 'TRAINING_CANCELLED' })
  })
})
