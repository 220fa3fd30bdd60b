import { expect, test } from 'vitest'
import type { Frame } from '../features/index.ts'
import { createRandom } from '../kernels/index.ts'
import { openKind, parseParams } from '../models/index.ts'
import { datasetOf } from './frame-data.ts'
import { importanceOf } from './importance.ts'
import type { ModelSpec } from './model-spec.ts'

const spec = (kind: string, task: 'classifier' | 'regressor', metric: string): ModelSpec => ({
  name: 'm',
  task,
  kind,
  params: {},
  table: 't',
  label: 'y',
  inputs: { views: [], columns: ['x', 'weak', 'noise'], categories: ['who'] },
  set: { scheme: 'cumulative', parts: 1 },
  retrain: {},
  gate: { metric, margin: 0, minRows: 50, maxLabelShift: 1 },
  minRows: 1,
  seed: 5,
})

/** y = 2x + 0.5 weak + 1 for one of four names; noise says nothing. */
function frameOf(rows: number, isClass: boolean): Frame {
  const random = createRandom(3)
  const names = ['x', 'weak', 'noise']
  const values = Float64Array.from({ length: rows * 3 }, () => random.gaussian())
  const who = Array.from({ length: rows }, () => `w${random.int(4)}`)
  const label = Float64Array.from(who, (name, r) => {
    const y = 2 * values[r * 3]! + 0.5 * values[r * 3 + 1]! + (name === 'w1' ? 1 : 0)
    return isClass ? (y + 0.3 * random.gaussian() > 0 ? 1 : 0) : y + 0.3 * random.gaussian()
  })
  const places = Array.from({ length: rows }, (_, r) => r)
  return {
    rows,
    names,
    values,
    label,
    categories: { who },
    partition: new Int32Array(rows),
    offset: Float64Array.from(places),
    eventTime: Float64Array.from(places),
  }
}

async function importance(kind: string, task: 'classifier' | 'regressor', metric: string) {
  const frame = frameOf(3_000, task === 'classifier')
  const all = Int32Array.from({ length: 3_000 }, (_, r) => r)
  const declared = spec(kind, task, metric)
  const opened = await openKind(kind)
  const data = datasetOf(frame, all.subarray(0, 2_000), declared)
  const fitted = await opened.fit(data, parseParams(opened, {}), { seed: 1 })
  const ask = (rows: Int32Array) => importanceOf(declared, fitted, frame, rows)
  return {
    found: ask(all.subarray(2_000))!,
    again: ask(all.subarray(2_000)),
    few: ask(all.subarray(0, 49)),
  }
}

test.each([
  ['elastic-net', 'regressor', 'rmse'],
  ['boosted-trees-regressor', 'regressor', 'r2'],
  ['logistic', 'classifier', 'auc'],
  ['boosted-trees', 'classifier', 'log_loss'],
] as const)('%s (%s): what %s rests on, in the order of the truth', async (kind, task, metric) => {
  const { found, again, few } = await importance(kind, task, metric)
  expect(found.metric).toBe(metric)
  expect(found.rows).toBe(1_000)
  const order = Object.entries(found.permutation).toSorted(([, a], [, b]) => b - a)
  expect(order[0]![0]).toBe('x')
  expect(order.at(-1)![0]).toBe('noise')
  expect(found.permutation['x']).toBeGreaterThan(10 * Math.abs(found.permutation['noise']!))
  expect(again).toEqual(found)
  expect(few).toBeUndefined()
  expect(found.gain === undefined).toBe(!kind.startsWith('boosted'))
  if (found.gain) {
    expect(Object.keys(found.gain).toSorted()).toEqual(['noise', 'weak', 'who', 'x'])
    expect(found.gain['x']).toBeGreaterThan(0.6)
  }
})

test('shuffling an input of which a linear model is the whole truth costs what it explains, on paper', async () => {
  // Of y = 2x + 0.5 weak + …, a shuffled x leaves an error of variance 2 · 2² · var(x) beside the noise of 0.3².
  const { found } = await importance('elastic-net', 'regressor', 'rmse')
  expect(found.permutation['x']).toBeCloseTo(Math.sqrt(8 + 0.09) - 0.3, 0)
})
