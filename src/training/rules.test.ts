import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { ModelVersion } from '../registry/index.ts'
import type { Batch } from '../stream/index.ts'
import { judge, type GateEvidence } from './gate.ts'
import type { ModelSpec } from './model-spec.ts'
import { mergeRanges, rangeMatcher } from './ranges.ts'
import { dueAfterBatch, dueRefresh, trainedSoFar } from './retrain.ts'
import { newestSet, setsByParts } from './sets.ts'
import { isGateRow, timeSplit } from './splits.ts'

const batch = (number: number, rows = 1_000, minute = number): Batch => ({
  table: 'ratings',
  topic: 'ratings',
  number,
  trigger: 'rows',
  state: 'committed',
  ranges: [{ partition: 0, first: (number - 1) * 1_000, last: number * 1_000 - 1 }],
  rows,
  deadLetters: 0,
  firstTime: new Date(minute * 60_000).toISOString(),
  lastTime: new Date(minute * 60_000 + 59_000).toISOString(),
  closedAt: new Date(minute * 60_000).toISOString(),
  files: [],
})
const batches = (count: number): Batch[] => Array.from({ length: count }, (_, i) => batch(i + 1))

describe('training sets', () => {
  it('S4.4: cumulative thirds, disjoint thirds, any number of parts', () => {
    const ends = (scheme: 'cumulative' | 'disjoint', newest: number, parts: number) =>
      setsByParts(scheme, newest, parts).map((set) => set.batches)
    assert.deepEqual(ends('cumulative', 12, 3), [[1, 4], [1, 8], [1, 12]]) // prettier-ignore
    assert.deepEqual(ends('disjoint', 12, 3), [[1, 4], [5, 8], [9, 12]]) // prettier-ignore
    assert.deepEqual(ends('disjoint', 5, 5), [[1, 1], [2, 2], [3, 3], [4, 4], [5, 5]]) // prettier-ignore
    assert.deepEqual(ends('cumulative', 2, 5), [[1, 1], [1, 2]]) // prettier-ignore
  })

  it('disjoint parts cover every batch once, for any numbers', () => {
    for (let newest = 1; newest <= 40; newest += 1) {
      for (let parts = 1; parts <= 12; parts += 1) {
        const sets = setsByParts('disjoint', newest, parts)
        const covered = sets.flatMap(({ batches: [first, last] }) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        )
        assert.deepEqual(
          covered,
          Array.from({ length: newest }, (_, i) => i + 1),
        )
      }
    }
  })

  it('the newest set by scheme', () => {
    const all = batches(20)
    const of = (set: ModelSpec['set'], previous: number): readonly number[] =>
      newestSet(set, 20, previous, 2, all).batches
    assert.deepEqual(of({ scheme: 'cumulative', parts: 1 }, 10), [1, 20])
    assert.deepEqual(of({ scheme: 'disjoint', parts: 1 }, 10), [11, 20])
    assert.deepEqual(of({ scheme: 'last', batches: 3 }, 10), [18, 20])
    assert.deepEqual(of({ scheme: 'sliding', lengthMs: 5 * 60_000, slideMs: 60_000 }, 10), [16, 20])
  })
})

describe('retraining', () => {
  const spec = { retrain: { batches: 10 }, minRows: 100 } as ModelSpec

  it('sets end at multiples, whatever the speed', () => {
    assert.equal(dueAfterBatch(spec, batches(9), 0), undefined)
    assert.deepEqual(dueAfterBatch(spec, batches(10), 0), { trigger: 'batches', last: 10 })
    assert.equal(dueAfterBatch(spec, batches(13), 10), undefined)
    assert.deepEqual(dueAfterBatch(spec, batches(37), 10), { trigger: 'batches', last: 30 })
  })

  it('by rows since the last training', () => {
    const byRows = { retrain: { rows: 2_500 }, minRows: 100 } as ModelSpec
    assert.equal(dueAfterBatch(byRows, batches(2), 0), undefined)
    assert.deepEqual(dueAfterBatch(byRows, batches(3), 0), { trigger: 'rows', last: 3 })
    assert.equal(dueAfterBatch(byRows, batches(5), 3), undefined)
  })

  it('not below the fewest rows', () => {
    const shy = { retrain: { batches: 1 }, minRows: 5_000 } as ModelSpec
    assert.equal(dueAfterBatch(shy, batches(4), 0), undefined)
    assert.deepEqual(dueAfterBatch(shy, batches(5), 0), { trigger: 'batches', last: 5 })
  })

  it('a refresh is due between full trainings, and not before the first', () => {
    const both = { retrain: { batches: 10, refresh: { batches: 2 } }, minRows: 100 } as ModelSpec
    const due = (newest: number, last: number, full: number) =>
      dueAfterBatch(both, batches(newest), full) ??
      dueRefresh(both, batches(newest), { last, full })
    assert.equal(due(9, 0, 0), undefined)
    assert.deepEqual(due(10, 0, 0), { trigger: 'batches', last: 10 })
    assert.equal(due(11, 10, 10), undefined)
    assert.deepEqual(due(12, 10, 10), { trigger: 'batches', last: 12, mode: 'refresh' })
    assert.equal(due(13, 12, 10), undefined)
    assert.deepEqual(due(20, 18, 10), { trigger: 'batches', last: 20 })
  })

  it('counts trainings by rule, not those by hand', () => {
    const version = (part: number, last: number, of?: number): ModelVersion =>
      ({
        set: { scheme: 'cumulative', part, of },
        lineage: { batches: [1, last] },
      }) as unknown as ModelVersion
    const versions = [version(1, 10), version(2, 20), version(1, 25, 3)]
    assert.deepEqual(trainedSoFar(versions), { last: 20, full: 20, part: 2 })
  })
})

describe('splits', () => {
  it('the gate set is one row in ten, the same for ever', () => {
    let count = 0
    for (let offset = 0; offset < 20_000; offset += 1)
      if (isGateRow('ratings', 0, offset)) count += 1
    assert.ok(count > 1_850 && count < 2_150, `${count} of 20,000`)
    const first = Array.from({ length: 40 }, (_, offset) => offset).filter((o) =>
      isGateRow('ratings', 0, o),
    )
    assert.deepEqual(
      first,
      first.filter((o) => isGateRow('ratings', 0, o)),
    )
  })

  it('the last fifth of each entity tests', () => {
    const entities = ['a', 'b', 'a', 'a', null, 'a', 'a', 'b']
    const test = timeSplit(entities, () => true)
    assert.deepEqual([...test], [0, 0, 0, 0, 0, 0, 1, 0])
  })

  it('ranges merge and match', () => {
    const ranges = mergeRanges([
      { partition: 0, first: 10, last: 19 },
      { partition: 0, first: 0, last: 9 },
      { partition: 1, first: 5, last: 5 },
    ])
    assert.deepEqual(ranges, [
      { partition: 0, first: 0, last: 19 },
      { partition: 1, first: 5, last: 5 },
    ])
    const inside = rangeMatcher(ranges)
    assert.deepEqual(
      [inside(0, 19), inside(0, 20), inside(1, 5), inside(1, 4)],
      [true, false, true, false],
    )
  })
})

describe('the gate', () => {
  const evidence: GateEvidence = {
    rule: { metric: 'auc', margin: 0.01, minRows: 50, maxLabelShift: 0.15 },
    rowsName: '300 gate rows',
    rows: 300,
    candidate: { auc: 0.75 },
    baseline: { auc: 0.5 },
    champion: { version: 3, metrics: { auc: 0.755 } },
    figures: [0.75],
  }
  const failed = (change: Partial<GateEvidence>): string | undefined =>
    judge({ ...evidence, ...change }).checks.find((check) => !check.passed)?.name

  it('passes a candidate within the margin and says why', () => {
    const result = judge(evidence)
    assert.equal(result.passed, true)
    assert.match(result.reason, /auc 0\.75 is within 0\.01 of, or better than, version 3's 0\.755/)
  })

  it('trap 6: names the check that fails', () => {
    assert.equal(failed({ candidate: { auc: 0.74 } }), 'champion')
    assert.equal(failed({ candidate: { auc: 0.5 }, champion: undefined }), 'baseline')
    assert.equal(failed({ candidate: {} }), 'finite')
    assert.equal(failed({ labelShift: { before: 0.5, now: 0.1, shift: 0.4 } }), 'label-shift')
  })

  it('C6: turns down what is worse than the best version on the reference rows, however little the champion is', () => {
    const best = { version: 1, value: 0.78 }
    assert.equal(failed({ reference: { rows: 100, candidate: 0.769, best } }), 'reference')
    assert.equal(failed({ reference: { rows: 100, candidate: 0.771, best } }), undefined)
    assert.equal(failed({ reference: { rows: 100, candidate: 0.5 } }), undefined)
  })

  it('lower is better for errors', () => {
    const rule = { ...evidence.rule, metric: 'rmse' }
    const figures = { rule, candidate: { rmse: 0.9 }, baseline: { rmse: 1 } }
    assert.equal(
      failed({ ...figures, champion: { version: 1, metrics: { rmse: 0.88 } } }),
      'champion',
    )
    assert.equal(
      failed({ ...figures, champion: { version: 1, metrics: { rmse: 0.92 } } }),
      undefined,
    )
  })
})
