/**
 * The splits that a model may ask for beside the usual two (`evaluation: { groupBy, folds }`):
 *
 * - `groupBy`: a fifth of the groups tests, and no group is on both sides. Rows keep their point-in-time features.
 * - `folds`: every row tests once, in one of k parts; its features see training rows only, as on the random split.
 * - both: every group tests once.
 *
 * Rows that look ahead belong to an entity each, so they are always grouped by it.
 */
import type { Frame } from '../features/index.ts'
import type { MetricReport } from '../registry/index.ts'
import type { JobTools } from './labelled-job.ts'
import { entityColumn, labelled, randomFrame, report, type Fit } from './labelled-reports.ts'
import type { TrainingPlan } from './plan.ts'
import { foldOf, foldSql, inShare, TEST_SHARE } from './splits.ts'

export async function crossValidation(
  plan: TrainingPlan,
  tools: JobTools,
  frame: Frame,
  rows: Int32Array,
  fit: Fit,
): Promise<MetricReport[]> {
  const { spec } = plan
  if (spec.evaluation === undefined) return []
  const { folds } = spec.evaluation
  const groupBy = spec.evaluation.groupBy ?? (spec.horizon && entityColumn(spec))
  if (groupBy !== undefined) {
    const keys = frame.categories[groupBy] ?? []
    const keyOf = (row: number): string => keys[row] ?? ''
    const split = (name: MetricReport['split'], tests: (row: number) => boolean) =>
      report(
        name,
        plan,
        fit,
        { frame, rows: rows.filter((row) => !tests(row)) },
        { frame, rows: rows.filter(tests) },
      )
    if (folds === undefined) {
      return await split('grouped', (row) => inShare(`test:${spec.seed}`, keyOf(row), TEST_SHARE))
    }
    return await foldReport(folds, (fold) =>
      split('folds', (row) => foldOf(`fold:${spec.seed}`, keyOf(row), folds) === fold),
    )
  }
  if (folds === undefined) return []
  return await foldReport(folds, async (fold) => {
    const test = foldSql(spec.seed, fold, folds)
    const [train, held] = [
      await randomFrame(plan, tools.engine, test, 'train'),
      await randomFrame(plan, tools.engine, test, 'test'),
    ]
    return await report('folds', plan, fit, labelled(train), labelled(held))
  })
}

async function foldReport(
  folds: number,
  reportOf: (fold: number) => Promise<MetricReport[]>,
): Promise<MetricReport[]> {
  const reports: MetricReport[] = []
  for (let fold = 0; fold < folds; fold += 1) reports.push(...(await reportOf(fold)))
  return reports.length < 2 ? [] : [meanReport(reports)]
}

/** Two-sided 95 % points of Student's t with 1 to 9 degrees of freedom. */
const T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262] as const

/**
 * The mean over the parts. The interval is the corrected resampled t of Nadeau & Bengio 2003 (equation 5 of section 3):
 * the parts share training rows, so their variance counts (1/k + test/train) times and not 1/k times.
 */
export function meanReport(reports: readonly MetricReport[]): MetricReport {
  const k = reports.length
  const spread = Math.sqrt(1 / k + 1 / (k - 1)) * (T_95[k - 2] ?? 1.96)
  const metrics: Record<string, number> = {}
  const intervals: Record<string, [number, number]> = {}
  const baseline: Record<string, number> = {}
  for (const name of Object.keys(reports[0]?.metrics ?? {})) {
    const values = valuesOf(reports.map((one) => one.metrics[name]))
    if (values.length < k) continue
    const mean = meanOf(values)
    const deviation = Math.sqrt(
      values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (k - 1),
    )
    metrics[name] = mean
    intervals[name] = [mean - spread * deviation, mean + spread * deviation]
    const trivial = valuesOf(reports.map((one) => one.baseline[name]))
    if (trivial.length === k) baseline[name] = meanOf(trivial)
  }
  const rows = reports.reduce((sum, one) => sum + one.rows, 0)
  return { split: 'folds', rows, metrics, intervals, baseline }
}

const valuesOf = (values: readonly (number | undefined)[]): number[] =>
  values.filter((value) => value !== undefined)

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value / values.length, 0)
