import { describe, expect, it } from 'vitest'
import type { MetricReport } from '../registry/index.ts'
import { meanReport } from './cross-validation.ts'
import { warningsOf } from './report-warnings.ts'
import { foldOf } from './splits.ts'

const part = (auc: number): MetricReport => ({
  split: 'folds',
  rows: 100,
  metrics: { auc },
  baseline: { auc: 0.5 },
})

describe('folds', () => {
  it('report the mean and the corrected t interval, by hand', () => {
    const found = meanReport([part(0.7), part(0.8), part(0.75)])
    expect(found.rows).toBe(300)
    expect(found.metrics['auc']).toBeCloseTo(0.75, 12)
    expect(found.baseline['auc']).toBeCloseTo(0.5, 12)
    // Deviation 0.05, 1/3 + 1/2 for the shared rows, t = 4.303 at 2 degrees of freedom.
    const half = 0.05 * Math.sqrt(1 / 3 + 1 / 2) * 4.303
    expect(found.intervals?.['auc']?.[0]).toBeCloseTo(0.75 - half, 12)
    expect(found.intervals?.['auc']?.[1]).toBeCloseTo(0.75 + half, 12)
  })

  it('leave out a metric that one part does not define', () => {
    const none: MetricReport = { ...part(0.7), metrics: {} }
    expect(meanReport([part(0.7), none]).metrics).toEqual({})
  })

  it('hold every key once, in parts of about the same size', () => {
    const counts = [0, 0, 0, 0, 0]
    for (let key = 0; key < 5_000; key += 1) counts[foldOf('fold:1', String(key), 5)]! += 1
    expect(counts.reduce((a, b) => a + b)).toBe(5_000)
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(120)
  })
})

describe('warnings', () => {
  const report = (
    split: MetricReport['split'],
    value: number,
    [low, high]: [number, number],
    metric = 'auc',
  ): MetricReport => ({
    split,
    rows: 10,
    metrics: { [metric]: value },
    intervals: { [metric]: [low, high] },
    baseline: {},
  })

  it('a random split that is clearly better than the time split', () => {
    const reports = [report('time', 0.7, [0.68, 0.72]), report('random', 0.8, [0.78, 0.82])]
    expect(warningsOf(reports, 'auc')).toEqual([
      'the random split looks better than the split by time (auc 0.8 against 0.7, intervals apart): expect the latter of new events',
    ])
  })

  it('none when the intervals meet, when time is better, or without a time split', () => {
    expect(
      warningsOf([report('time', 0.7, [0.6, 0.8]), report('random', 0.8, [0.7, 0.9])], 'auc'),
    ).toEqual([])
    expect(
      warningsOf([report('time', 0.9, [0.88, 0.92]), report('random', 0.8, [0.78, 0.82])], 'auc'),
    ).toEqual([])
    expect(warningsOf([report('random', 0.8, [0.78, 0.82])], 'auc')).toEqual([])
  })

  it('of an error, lower is better', () => {
    const reports = [
      report('time', 1, [0.95, 1.05], 'rmse'),
      report('random', 0.8, [0.78, 0.82], 'rmse'),
    ]
    expect(warningsOf(reports, 'rmse')).toHaveLength(1)
    expect(warningsOf(reports.toReversed(), 'rmse')).toHaveLength(1)
  })
})
