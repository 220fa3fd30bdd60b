/**
 * Random sequences against a model of a few lines: append, consume, commit, clean close, crash, torn tail. The seed and the
 * path to the smallest failing sequence are in fast-check's message; `MILLRACE_SEED` runs one again.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import type { TopicPartitionOffset } from '../../../core/index.ts'
import { createManualClock } from '../../../testing/index.ts'
import type { Consumer, Log } from '../../log.ts'
import { numbered, readAll, valuesOf } from '../../log-world.conformance.ts'
import { makeEmbeddedWorld, type EmbeddedWorld } from './embedded-world.conformance.ts'

const PARTITIONS = 2
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 25)

interface Model {
  /** Values of each partition, by offset. */
  readonly partitions: string[][]
  readonly committed: Map<number, number>
  /** Where the open consumer reads on. */
  positions: Map<number, number> | undefined
  next: number
}

interface Real {
  readonly world: EmbeddedWorld
  log: Log
  consumer: Consumer | undefined
}

type Step = fc.AsyncCommand<Model, Real>

const step = (
  name: string,
  run: (model: Model, real: Real) => Promise<void>,
  check: (model: Model) => boolean = () => true,
): Step => ({ check: (model) => check(model), run, toString: () => name })

const append = (partition: number, count: number, calls: number): Step =>
  step(`append(${partition}, ${count} × ${calls})`, async (model, { log }) => {
    const appends = Array.from({ length: calls }, async () => {
      const records = numbered(count, { partition }, model.next)
      model.next += count
      const values = valuesOf(records) as string[]
      const base = model.partitions[partition]!.length
      model.partitions[partition]!.push(...values)
      const places = await log.append('t', records)
      assert.deepEqual(
        places.map(({ offset }) => offset),
        values.map((_, index) => base + index),
      )
    })
    await Promise.all(appends)
  })

const join = (): Step =>
  step(
    'join',
    async (model, real) => {
      real.consumer = await real.log.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
      model.positions = new Map(
        model.partitions.map((_, partition) => [partition, model.committed.get(partition) ?? 0]),
      )
    },
    (model) => model.positions === undefined,
  )

const poll = (maxRecords: number): Step =>
  step(
    `poll(${maxRecords})`,
    async (model, { consumer }) => {
      const records = await consumer!.poll({ maxRecords, timeoutMs: 0 })
      const positions = model.positions!
      for (const { partition, offset, value } of records) {
        assert.equal(offset, positions.get(partition))
        assert.equal(Buffer.from(value!).toString(), model.partitions[partition]![offset])
        positions.set(partition, offset + 1)
      }
      const isDone = model.partitions.every(({ length }, at) => positions.get(at) === length)
      assert.ok(records.length <= maxRecords && (records.length > 0 || isDone))
    },
    (model) => model.positions !== undefined,
  )

const commit = (): Step =>
  step(
    'commit',
    async (model, { consumer }) => {
      const offsets: TopicPartitionOffset[] = consumer!
        .assignment()
        .map((place) => ({ ...place, offset: consumer!.position(place) }))
      await consumer!.commitOffsets(offsets)
      for (const { partition, offset } of offsets) {
        assert.equal(offset, model.positions!.get(partition))
        model.committed.set(partition, offset)
      }
    },
    (model) => model.positions !== undefined,
  )

const leave = (): Step =>
  step(
    'leave',
    async (model, real) => {
      await real.consumer!.close()
      model.positions = undefined
    },
    (model) => model.positions !== undefined,
  )

const reopen = (how: 'close' | 'crash'): Step =>
  step(how, async (model, real) => {
    if (how === 'crash') real.log = await real.world.crash(real.log)
    else {
      await real.log.close()
      real.log = await real.world.open()
    }
    model.positions = undefined
  })

const clean = (): Step => step('clean', async (_model, { log }) => log.clean())

const look = (): Step =>
  step('look', async (model, { log }) => {
    for (const [partition, values] of model.partitions.entries()) {
      assert.deepEqual(valuesOf(await readAll(log, 't', partition)), values)
      const from = Math.floor(values.length / 2)
      assert.deepEqual(valuesOf(await readAll(log, 't', partition, from)), values.slice(from))
    }
    const [group] = await log.groups()
    assert.deepEqual(
      new Map(group?.offsets.map(({ partition, committed }) => [partition, committed])),
      model.committed,
    )
  })

const steps = [
  fc
    .tuple(fc.nat(PARTITIONS - 1), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }))
    .map(([partition, count, calls]) => append(partition, count, calls)),
  fc.constant(join()),
  fc.integer({ min: 1, max: 9 }).map(poll),
  fc.constant(commit()),
  fc.constant(leave()),
  fc.constantFrom('close' as const, 'crash' as const).map(reopen),
  fc.constant(clean()),
  fc.constant(look()),
]

test('any sequence of steps leaves what the model says', async () => {
  const seed = process.env['MILLRACE_SEED']
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 40 }), async (commands) => {
      const world = await makeEmbeddedWorld({ clock: createManualClock(), crashes: false })
      try {
        const log = await world.open()
        await log.createTopic({ name: 't', partitions: PARTITIONS, config: { segmentBytes: 300 } })
        const real: Real = { world, log, consumer: undefined }
        const model: Model = {
          partitions: Array.from({ length: PARTITIONS }, () => []),
          committed: new Map(),
          positions: undefined,
          next: 0,
        }
        await fc.asyncModelRun(() => ({ model, real }), commands)
        await look().run(model, real)
      } finally {
        await world.dispose()
      }
    }),
    { numRuns: RUNS, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  )
})
