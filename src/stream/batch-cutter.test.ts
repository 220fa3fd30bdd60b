import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogRecord } from '../core/index.ts'
import { createManualClock } from '../testing/index.ts'
import type { BatchPolicy } from './batch.ts'
import { createBatchCutter, type CutBatch, type RecordCollector } from './batch-cutter.ts'
import { checkPolicy, MOST_BATCH_BYTES } from './batch-policy.ts'

function record(offset: number, partition = 0, bytes = 10): LogRecord {
  const value = new Uint8Array(bytes)
  return { topic: 't', partition, offset, key: null, value, headers: [], timestamp: 0 }
}
const run = (first: number, count: number, partition = 0): LogRecord[] =>
  Array.from({ length: count }, (_, index) => record(first + index, partition))

/** Keeps what it is given; all of it is to be pushed by the time of the cut. */
interface Collected extends RecordCollector {
  readonly records: LogRecord[]
  unpushed: number
}
const collected = (): Collected => ({
  records: [],
  unpushed: 0,
  add(one) {
    this.records.push(one)
    this.unpushed++
  },
  push() {
    this.unpushed = 0
  },
})

function cutter(policy: BatchPolicy, positions: ReadonlyMap<number, number> = new Map()) {
  const clock = createManualClock()
  const cuts: CutBatch<Collected>[] = []
  const cutting = createBatchCutter({
    policy,
    clock,
    number: 1,
    positions,
    collect: collected,
    onCut: (cut) => cuts.push(cut),
  })
  return { clock, cuts, cutting, seen: () => cuts.map((cut) => [cut.records, cut.trigger]) }
}

test('trap 11: rows cut on arrival and idle cuts the rest by its timer', () => {
  const { clock, cutting, seen } = cutter({ rows: 1000, idleMs: 30_000 })
  for (let first = 0; first < 2500; first += 70) cutting.add(run(first, Math.min(70, 2500 - first)))
  expect(seen()).toEqual([
    [1000, 'rows'],
    [1000, 'rows'],
  ])
  clock.advance(29_999)
  expect(cutting.open()).toMatchObject({ number: 3, rows: 500, ageMs: 29_999 })
  clock.advance(1)
  expect(seen()).toEqual([
    [1000, 'rows'],
    [1000, 'rows'],
    [500, 'idle'],
  ])
  expect(cutting.open()).toBeUndefined()
  expect(clock.pending()).toBe(0)
})

test('idle counts from the last record, time from the first, whatever the wall clock does', () => {
  const { clock, cutting, seen } = cutter({ idleMs: 10_000, everyMs: 25_000 })
  cutting.add(run(0, 1))
  clock.jump(-3_600_000)
  clock.advance(9_000)
  cutting.add(run(1, 1))
  cutting.add([])
  clock.advance(9_000)
  cutting.add(run(2, 1))
  expect(seen()).toEqual([])
  clock.advance(7_000)
  expect(seen()).toEqual([[3, 'time']])
  cutting.add(run(3, 1))
  clock.jump(365 * 86_400_000)
  expect(seen()).toHaveLength(1)
  clock.advance(10_000)
  expect(seen()).toEqual([
    [3, 'time'],
    [1, 'idle'],
  ])
})

test('bytes cut after the record that reaches them', () => {
  const { cutting, seen } = cutter({ bytes: 100 })
  cutting.add([record(0, 0, 60), record(1, 0, 40), record(2, 0, 500), record(3, 0, 1)])
  expect(seen()).toEqual([
    [2, 'bytes'],
    [1, 'bytes'],
  ])
})

test('ranges start where the batch before ended, so missing offsets leave no hole', () => {
  const { cuts, cutting } = cutter({ rows: 3 }, new Map([[0, 4]]))
  cutting.add([record(7), record(9), record(2, 1), record(12), record(3, 1)])
  cutting.cut('flush')
  expect(cuts.map(({ ranges }) => ranges)).toEqual([
    [
      { partition: 0, first: 4, last: 9 },
      { partition: 1, first: 0, last: 2 },
    ],
    [
      { partition: 0, first: 10, last: 12 },
      { partition: 1, first: 3, last: 3 },
    ],
  ])
})

test('records that are known already are left out', () => {
  const { cuts, cutting } = cutter({ rows: 4 }, new Map([[0, 2]]))
  cutting.add(run(0, 4))
  cutting.add(run(3, 3))
  expect(cuts[0]?.collected.records.map(({ offset }) => offset)).toEqual([2, 3, 4, 5])
})

test('any arrival in any portions: each record in one batch, in order, none above the bound', () => {
  const portions = fc.array(
    fc.record({ partition: fc.nat(2), count: fc.integer({ min: 1, max: 40 }), pause: fc.nat(50) }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(portions, fc.integer({ min: 1, max: 60 }), (arrivals, rows) => {
      const { clock, cuts, cutting } = cutter({ rows, idleMs: 40, everyMs: 100 })
      const ends = new Map<number, number>()
      for (const { partition, count, pause } of arrivals) {
        const first = ends.get(partition) ?? 0
        cutting.add(run(first, count, partition))
        ends.set(partition, first + count)
        clock.advance(pause)
      }
      cutting.cut('stop')
      expect(cuts.map(({ number }) => number)).toEqual(cuts.map((_, index) => index + 1))
      for (const [partition, end] of ends) {
        const offsets = cuts.flatMap((cut) =>
          cut.collected.records
            .filter((one) => one.partition === partition)
            .map(({ offset }) => offset),
        )
        expect(offsets).toEqual(Array.from({ length: end }, (_, offset) => offset))
        const ranges = cuts.flatMap((cut) =>
          cut.ranges.filter((one) => one.partition === partition),
        )
        for (const [index, range] of ranges.entries()) {
          expect(range.first).toBe(index === 0 ? 0 : (ranges[index - 1]?.last ?? 0) + 1)
        }
      }
      expect(cuts.map((cut) => cut.collected.unpushed)).toEqual(cuts.map(() => 0))
      expect(cuts.map((cut) => cut.collected.records.length)).toEqual(
        cuts.map((cut) => cut.records),
      )
      expect(Math.max(0, ...cuts.map((cut) => cut.records))).toBeLessThanOrEqual(rows)
      expect(clock.pending()).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('a policy needs a rule, and its numbers are above 0', () => {
  expect(() => checkPolicy('ratings', {})).toThrow('a batch policy without a rule')
  expect(() => checkPolicy('ratings', { rows: 0 })).toThrow('rows 0: use a whole number above 0')
  expect(() => checkPolicy('ratings', { idleMs: Number.NaN })).toThrow('idleMs NaN')
  expect(checkPolicy('ratings', { rows: 5 })).toEqual({ rows: 5, bytes: MOST_BATCH_BYTES })
})
