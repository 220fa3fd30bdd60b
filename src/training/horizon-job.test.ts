/** Models that look ahead: where their cut-offs lie, which rows train, test and vote, and when they are due. */
import { describe, expect, test } from 'vitest'
import type { Batch } from '../stream/index.ts'
import { cutoffsOf, splitRows } from './horizon-job.ts'
import type { Horizon, ModelSpec } from './model-spec.ts'
import { dueAfterBatch } from './retrain.ts'

const DAY = 86_400_000
const horizon: Horizon = { windowMs: 14 * DAY, predictMs: 14 * DAY, everyMs: 7 * DAY }
const spec: ModelSpec = {
  name: 'churn',
  task: 'classifier',
  kind: 'logistic',
  params: {},
  table: 'plays',
  label: `page = 'Quit'`,
  horizon,
  inputs: { views: [], columns: [], categories: [] },
  set: { scheme: 'cumulative', parts: 3 },
  retrain: { batches: 1 },
  gate: { metric: 'auc', margin: 0, minRows: 50, maxLabelShift: 0.15 },
  minRows: 100,
  seed: 1,
}

describe('cut-offs', () => {
  test('lie on a fixed grid, with a whole window before and a known outcome after them', () => {
    const days = cutoffsOf({ firstMs: 700.5 * DAY, lastMs: 761 * DAY }, horizon).map(
      (cutoff) => cutoff / DAY,
    )
    expect(days).toEqual([721, 728, 735, 742])
    expect(days[0]! - 14).toBeGreaterThanOrEqual(700.5)
    expect(days.at(-1)! + 14).toBeLessThanOrEqual(761)
  })

  test('of a longer log contain those of a shorter one', () => {
    const short = cutoffsOf({ firstMs: 700 * DAY, lastMs: 740 * DAY }, horizon)
    const long = cutoffsOf({ firstMs: 700 * DAY, lastMs: 800 * DAY }, horizon)
    expect(long.slice(0, short.length)).toEqual(short)
    expect(cutoffsOf({ firstMs: 700 * DAY, lastMs: 727 * DAY }, horizon)).toEqual([])
    expect(cutoffsOf(undefined, horizon)).toEqual([])
  })
})

describe('rows', () => {
  const users = Array.from({ length: 200 }, (_, i) => `u${i}`)
  const grid = [714, 721, 728, 735, 742]
  const keys = grid.flatMap(() => users)
  const cutoff = Float64Array.from(grid.flatMap((day) => users.map(() => day * DAY)))
  const rows = splitRows({ rows: keys.length, keys, cutoff }, { spec }, horizon, 750 * DAY)
  const usersOf = (some: Int32Array): Set<string> => new Set([...some].map((row) => keys[row]!))
  const daysOf = (some: Int32Array): number[] =>
    [...new Set([...some].map((row) => cutoff[row]! / DAY))].toSorted((a, b) => a - b)

  test('an entity votes with all of its rows and never trains', () => {
    const gate = usersOf(Int32Array.from([...rows.gate, ...rows.gateNewest]))
    expect(gate.size).toBeGreaterThan(10)
    expect(gate.size).toBeLessThan(30)
    for (const user of usersOf(rows.train)) expect(gate.has(user)).toBe(false)
    expect(rows.train.length + rows.gate.length + rows.gateNewest.length).toBe(keys.length)
  })

  test('trap 7: the time split trains only on outcomes that were known at its first test cut-off', () => {
    expect(daysOf(rows.timeTest)).toEqual([742])
    expect(daysOf(rows.timeTrain)).toEqual([714, 721, 728])
  })

  test('rows whose outcome came with the newest batches do not vote', () => {
    expect(daysOf(rows.gate)).toEqual([714, 721, 728, 735])
    expect(daysOf(rows.gateNewest)).toEqual([742])
  })
})

test('a model that looks ahead is due when the batches span a window, two outcomes and a step of the grid', () => {
  const batch = (number: number, firstDay: number, lastDay: number): Batch => ({
    table: 'plays',
    topic: 'plays',
    number,
    trigger: 'rows',
    state: 'committed',
    ranges: [],
    rows: 1_000,
    deadLetters: 0,
    firstTime: new Date(firstDay * DAY).toISOString(),
    lastTime: new Date(lastDay * DAY).toISOString(),
    closedAt: new Date(lastDay * DAY).toISOString(),
    files: [],
  })
  const first = batch(1, 700, 720)
  expect(dueAfterBatch(spec, [first], 0)).toBeUndefined()
  expect(dueAfterBatch(spec, [first, batch(2, 720, 748)], 0)).toBeUndefined()
  expect(dueAfterBatch(spec, [first, batch(2, 720, 749)], 0)).toEqual({
    trigger: 'batches',
    last: 2,
  })
})
