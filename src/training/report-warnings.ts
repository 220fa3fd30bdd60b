/** What in the reports of one training should make a reader doubt. */
import type { MetricReport } from '../registry/index.ts'
import { metricDirection } from './evaluation/catalog.ts'
import { figure } from './gate.ts'

/**
 * A random split that looks better than the split by time, beyond both intervals: rows that stand close in time, or belong
 * together, leak into each other, or the world moves. Serving meets the future, so the time split is the one to believe.
 *
 * @param metric the one that the gate decides by
 */
export function warningsOf(reports: readonly MetricReport[], metric: string): string[] {
  const [time, random] = ['time', 'random'].map((split) => endsOf(reports, split, metric))
  if (!time || !random) return []
  const isClear = metricDirection(metric) > 0 ? random.low > time.high : random.high < time.low
  if (!isClear) return []
  return [
    `the random split looks better than the split by time (${metric} ${figure(random.value)} against ${figure(time.value)}, intervals apart): expect the latter of new events`,
  ]
}

function endsOf(
  reports: readonly MetricReport[],
  split: string,
  metric: string,
): { value: number; low: number; high: number } | undefined {
  const report = reports.find((one) => one.split === split)
  const value = report?.metrics[metric]
  const interval = report?.intervals?.[metric]
  if (value === undefined || !interval) return undefined
  return { value, low: interval[0], high: interval[1] }
}
