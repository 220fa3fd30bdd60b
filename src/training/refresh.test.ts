import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { silentLogger, systemClock } from '../core/index.ts'
import { openLog, type Log } from '../log/index.ts'
import { openRegistry, type ModelVersion, type Registry } from '../registry/index.ts'
import { LIKE, openFixture, TOOLS, type Fixture } from '../../test/fixtures/ratings-lake.ts'
import type { ModelSpec, Trainer } from './model-spec.ts'
import { openTrainer } from './trainer.ts'

const LISTS: ModelSpec = {
  name: 'lists',
  task: 'recommender',
  kind: 'als',
  params: { factors: 8 },
  table: 'ratings',
  inputs: { views: [], columns: [], categories: [] },
  interactions: { user: 'userId', item: 'movieId', value: 'rating', combine: 'last' },
  set: { scheme: 'cumulative', parts: 3 },
  retrain: { batches: 4, refresh: { batches: 1 } },
  // A wide margin: what is tested is not how good the lists are.
  gate: { metric: 'ndcg@10', margin: 0.2, minRows: 50, maxLabelShift: 0.5 },
  minRows: 200,
  seed: 1,
}

describe('refresh', () => {
  let fixture: Fixture
  let log: Log
  let registry: Registry
  let trainer: Trainer

  beforeEach(async () => {
    fixture = await openFixture()
    await openRooms()
  })
  afterEach(async () => {
    await closeRooms()
    await fixture.close()
  })

  async function openRooms(): Promise<void> {
    log = await openLog({ dir: join(fixture.dir, 'log'), clock: systemClock, logger: silentLogger })
    const dir = join(fixture.dir, 'registry')
    registry = await openRegistry({ dir, log, clock: systemClock, logger: silentLogger })
  }
  async function closeRooms(): Promise<void> {
    await trainer.close()
    await registry.close()
    await log.close()
  }
  const open = (...specs: ModelSpec[]): void => {
    trainer = openTrainer({
      ...TOOLS,
      specs,
      registry,
      sources: new Map([['ratings', fixture.source]]),
      workDir: join(fixture.dir, 'run'),
    })
  }
  /** Even users rate even movies. In each batch a user and a movie that nobody knew. */
  async function addBatch(seed: number): Promise<void> {
    await fixture.addBatch(400, {
      seed,
      change: (event, offset) =>
        offset % 400 < 3
          ? { ...event, userId: 1_000 + seed, movieId: 2_000 + seed - (offset % 400) }
          : { ...event, movieId: 2 * Math.ceil(event.movieId / 2) - (event.userId % 2) },
    })
    for (const { id } of trainer.jobs()) {
      const { error } = await trainer.wait(id)
      assert.equal(error, undefined, error?.message)
    }
  }
  const splitsOf = ({ reports }: ModelVersion): string[] => reports.map(({ split }) => split)

  it('between full trainings a version goes on from the one that serves, judged by gate rows, with its lineage', async () => {
    open(LISTS)
    for (let seed = 1; seed <= 8; seed += 1) await addBatch(seed)
    const versions = registry.versions('lists')
    assert.deepEqual(
      versions.map(({ lineage, parent }) => [lineage.batches, lineage.refreshed?.from, parent]),
      [
        [[1, 4], undefined, undefined],
        [[1, 5], 1, 1],
        [[1, 6], 2, 2],
        [[1, 7], 3, 3],
        [[1, 8], undefined, 4],
      ],
    )
    for (const { lineage, gate, ...version } of versions.slice(1, 4)) {
      assert.equal(gate.passed, true, gate.reason)
      assert.deepEqual(splitsOf({ lineage, gate, ...version }), ['gate', 'gate-newest'])
      const { users = 0, items = 0 } = lineage.refreshed ?? {}
      assert.ok(users > 0 && items > 0, `${users} users, ${items} items`)
    }
    // How far the refreshed version is from a full training: both on the same gate rows.
    const { candidate = 0, champion = 1 } = versions[4]?.gate ?? {}
    assert.ok(Math.abs(candidate - champion) < 0.1, `${candidate}, ${champion}`)
    assert.deepEqual(
      trainer.jobs().map(({ mode }) => mode),
      [undefined, 'refresh', 'refresh', 'refresh', undefined],
    )
  })

  it('a refreshed version is made again to the byte, also when all artifacts are lost', async () => {
    open(LISTS)
    for (let seed = 1; seed <= 6; seed += 1) await addBatch(seed)
    const { digest, lineage } = registry.version('lists', 3)
    assert.equal(lineage.refreshed?.from, 2)
    assert.deepEqual(await trainer.reproduce('lists', 3), { identical: true, digest })
    await closeRooms()
    await rm(join(fixture.dir, 'registry'), { recursive: true })
    await openRooms()
    open(LISTS)
    assert.equal(registry.missing().length, 3)
    const [job] = await trainer.train({ model: 'lists', trigger: 'manual', by: 'test' })
    assert.equal((await trainer.wait(job?.id ?? '')).error, undefined)
    assert.deepEqual(registry.missing(), [])
  })

  it('by hand it keeps the parameters of the version that serves, and trains in full where nothing could judge it', async () => {
    open({ ...LISTS, retrain: {} })
    for (let seed = 1; seed <= 4; seed += 1) await addBatch(seed)
    const train = async (mode?: 'refresh'): Promise<ModelVersion> => {
      const asked = { model: 'lists', trigger: 'manual', by: 'test' }
      const [job] = await trainer.train({ ...asked, ...(mode && { mode }) })
      const { version, error } = await trainer.wait(job?.id ?? '')
      assert.equal(error, undefined, error?.message)
      return registry.version('lists', version ?? 0)
    }
    await assert.rejects(train('refresh'), {
      code: 'TRAINING_CANNOT_REFRESH',
      message: /has no version to go on from: train it in full/,
    })
    await train()
    await trainer.close()
    open({ ...LISTS, retrain: {}, params: { factors: 16 } })
    await addBatch(5)
    const refreshed = await train('refresh')
    assert.deepEqual([refreshed.params, refreshed.lineage.refreshed?.from], [{ factors: 8 }, 1])
    await trainer.close()
    open({ ...LISTS, retrain: {}, gate: { ...LISTS.gate, minRows: 10_000 } })
    const full = await train('refresh')
    assert.equal(full.lineage.refreshed, undefined)
    assert.match(full.warnings?.join() ?? '', /trained in full: there are too few gate rows/)
  })

  it('what cannot be refreshed says so', async () => {
    open({ ...LISTS, kind: 'item-knn', params: {} }, LIKE, { ...LISTS, name: 'other' })
    await addBatch(1)
    const refresh = (model: string) =>
      trainer.train({ model, trigger: 'manual', by: 'test', mode: 'refresh' })
    const refused = { code: 'TRAINING_CANNOT_REFRESH' }
    await assert.rejects(refresh('lists'), { ...refused, message: /kind item-knn, which is only/ })
    await assert.rejects(refresh('like'), { ...refused, message: /kind logistic/ })
  })
})
