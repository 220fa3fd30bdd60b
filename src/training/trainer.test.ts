import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { silentLogger, systemClock } from '../core/index.ts'
import { openLog, type Log } from '../log/index.ts'
import { openRegistry, type Registry } from '../registry/index.ts'
import {
  LIKE,
  openFixture,
  RATING,
  SEGMENTS,
  TOOLS,
  type Fixture,
} from '../../test/fixtures/ratings-lake.ts'
import type { JobState, ModelSpec, Trainer } from './model-spec.ts'
import { openTrainer } from './trainer.ts'

describe('trainer', () => {
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
  /** The states of all jobs, when all have ended. */
  async function settled(): Promise<JobState[]> {
    const ended = await Promise.all(trainer.jobs().map((job) => trainer.wait(job.id)))
    return ended.map((job) => job.state)
  }

  it('S4.10, trap 2: trains as batches arrive, promotes, and does not repeat itself after a restart', async () => {
    open(LIKE, SEGMENTS)
    await fixture.addBatch(1_000, { seed: 1 })
    assert.deepEqual(trainer.jobs(), [])
    await fixture.addBatch(1_000, { seed: 2 })
    assert.deepEqual(await settled(), ['succeeded', 'succeeded'])
    await fixture.addBatch(1_000, { seed: 3 })
    await fixture.addBatch(1_000, { seed: 4 })
    await settled()
    assert.deepEqual(
      registry.versions('like').map((version) => [version.set.part, version.lineage.batches]),
      [
        [1, [1, 2]],
        [2, [1, 4]],
      ],
    )
    assert.equal(registry.models().find((model) => model.name === 'like')?.champion, 2)
    await closeRooms()
    await openRooms()
    open(LIKE, SEGMENTS)
    assert.deepEqual(trainer.jobs(), [])
    await fixture.addBatch(1_000, { seed: 5 })
    await fixture.addBatch(1_000, { seed: 6 })
    assert.deepEqual(await settled(), ['succeeded', 'succeeded'])
    assert.equal(registry.versions('like').length, 3)
  })

  it('batches that come while a training runs: sets are numbered and follow each other all the same', async () => {
    open({ ...LIKE, set: { scheme: 'disjoint', parts: 1 }, retrain: { batches: 1 } })
    for (let seed = 1; seed <= 6; seed += 1) await fixture.addBatch(600, { seed })
    await settled()
    const sets = registry.versions('like').map(({ set, lineage }) => [set.part, ...lineage.batches])
    assert.deepEqual(
      sets.map(([part]) => part),
      sets.map((_, index) => index + 1),
    )
    const covered = sets.flatMap(([, first = 0, last = 0]) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    )
    assert.deepEqual(covered, [1, 2, 3, 4, 5, 6])
  })

  it('a batch with its ratings turned around is rejected with the figures; the champion stays', async () => {
    open(LIKE, RATING)
    await fixture.addBatch(1_500, { seed: 1 })
    await fixture.addBatch(1_500, { seed: 2 })
    await settled()
    await fixture.addBatch(1_500, { seed: 3 })
    await fixture.addBatch(1_500, { seed: 4, flipped: true })
    await settled()
    for (const model of ['like', 'rating']) {
      const poisoned = registry.version(model, 2)
      assert.equal(poisoned.status, 'rejected')
      assert.match(poisoned.gate.reason, /\d/)
      assert.equal(registry.models().find((one) => one.name === model)?.champion, 1)
    }
  })

  it('sets by hand: three cumulative parts become three versions with their rows', async () => {
    open({ ...LIKE, retrain: {} }, { ...RATING, retrain: {} }, { ...SEGMENTS, retrain: {} })
    for (let seed = 1; seed <= 6; seed += 1) await fixture.addBatch(500, { seed })
    for (const model of ['like', 'rating', 'segments']) {
      await trainer.train({ model, trigger: 'manual', parts: 3, by: 'test' })
    }
    await settled()
    assert.deepEqual(
      registry.versions('rating').map((version) => [version.set, version.lineage.rows]),
      [1, 2, 3].map((part) => [{ scheme: 'cumulative', part, of: 3 }, part * 1_000]),
    )
    assert.equal(registry.versions('like').length + registry.versions('segments').length, 6)
    await trainer.train({
      model: 'rating',
      trigger: 'manual',
      parts: 2,
      scheme: 'disjoint',
      by: 'test',
    })
    await settled()
    assert.deepEqual(
      registry
        .versions('rating')
        .slice(3)
        .map((version) => version.lineage.rows),
      [1_500, 1_500],
    )
  })

  it('a version trained again from its lineage is the same to the byte, also after its artifact was lost', async () => {
    open(LIKE, SEGMENTS)
    for (let seed = 1; seed <= 4; seed += 1) {
      await fixture.addBatch(1_000, { seed })
      await settled()
    }
    const before = registry.version('segments', 2)
    assert.deepEqual(await trainer.reproduce('like', 2), {
      identical: true,
      digest: registry.version('like', 2).digest,
    })
    await closeRooms()
    await rm(join(fixture.dir, 'registry'), { recursive: true })
    await openRooms()
    open(LIKE, SEGMENTS)
    assert.equal(registry.missing().length, 4)
    await trainer.train({ model: 'like', trigger: 'manual', by: 'test' })
    assert.deepEqual(await settled(), ['succeeded'])
    assert.deepEqual(registry.missing(), [], 'lost artifacts come back before any new training')
    assert.equal(registry.version('segments', 2).digest, before.digest)
  })

  it('says what is missing before it can train', async () => {
    open(LIKE)
    await fixture.addBatch(50, { seed: 1 })
    assert.deepEqual(trainer.readiness(), [
      { model: 'like', ready: false, needsRows: 200, hasRows: 50 },
    ])
    await assert.rejects(trainer.train({ model: 'like', trigger: 'manual', by: 'test' }), {
      code: 'TRAINING_NOT_READY',
      message: /needs 200 rows in committed batches, there are 50/,
    })
    await assert.rejects(trainer.train({ model: 'nope', trigger: 'manual', by: 'test' }), {
      code: 'TRAINING_UNKNOWN_MODEL',
    })
  })
})
