import { expect, test } from 'vitest'
import { openKind, parseParams } from '../models/index.ts'
import { refuseBeyondMemory } from './check-memory.ts'

const plan = (memoryBytes: number) => ({ spec: { name: 'churn' }, memoryBytes })

test('a training beyond the limit is refused with its need in bytes and the rows that fit', () => {
  const estimates: number[] = []
  const estimate = (bytes: number): void => void estimates.push(bytes)
  refuseBeyondMemory(plan(1_000), 10, (rows) => rows * 100, estimate)
  expect(() => refuseBeyondMemory(plan(999), 10, (rows) => rows * 100, estimate)).toThrow(
    expect.objectContaining({
      code: 'TRAINING_OUT_OF_MEMORY',
      message:
        'training churn on 10 rows needs about 1000 bytes, the limit is 999: raise trainingMemoryBytes to 1000 or train on fewer batches: 9 rows fit',
      details: { needs: 1_000, limit: 999, rowsThatFit: 9 },
    }),
  )
  expect(() => refuseBeyondMemory(plan(50), 10, (rows) => 60 + rows, estimate)).toThrow(
    /raise trainingMemoryBytes to 70$/,
  )
  expect(estimates).toEqual([1_000, 1_000, 70])
})

test('the memory of trees that is stated holds what they take', async () => {
  for (const name of ['boosted-trees', 'random-forest-regressor']) {
    const kind = await openKind(name)
    const params = parseParams(kind, { trees: 1, maxLeaves: 1_024 })
    const [rows, features] = [60_000, 20]
    const values = Float64Array.from({ length: rows * features }, (_, i) => (i * 7_919) % 10_007)
    const names = Array.from({ length: features }, (_, j) => `x${j}`)
    const label = Float64Array.from({ length: rows }, (_, r) => r % 2)
    const before = process.memoryUsage().rss
    await kind.fit({ matrix: { names, rows, values }, categories: [], label }, params, { seed: 1 })
    const taken = process.memoryUsage().rss - before
    // What the engine itself grows by while it runs new code is not of the training.
    expect(taken).toBeLessThan(kind.memoryBytes(rows, features, 0, params) + 64 * 1024 ** 2)
  }
})
