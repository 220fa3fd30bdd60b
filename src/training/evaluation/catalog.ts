import { accuracy } from './accuracy.ts'
import { auc } from './auc.ts'
import { bootstrap, type BootstrapOptions, type Interval } from './bootstrap.ts'
import { brier } from './brier.ts'
import { calibrationError } from './calibration-error.ts'
import { f1, f1Negative } from './f1.ts'
import { lift } from './lift.ts'
import { logLoss } from './log-loss.ts'
import { mae } from './mae.ts'
import type { Metric, Scored } from './metric.ts'
import { prAuc } from './pr-auc.ts'
import { r2 } from './r2.ts'
import { rmse } from './rmse.ts'

/** Every metric of labelled tasks, by name. Clusterers are judged by `silhouette` and `inertia`. */
export const metricCatalog = {
  auc,
  pr_auc: prAuc,
  log_loss: logLoss,
  brier,
  calibration_error: calibrationError,
  accuracy,
  f1,
  f1_negative: f1Negative,
  lift_10: lift,
  rmse,
  mae,
  r2,
} as const satisfies Record<string, Metric>

type LabelledTask = 'classifier' | 'regressor'

const metricsOf = (task: LabelledTask): Metric[] =>
  Object.values(metricCatalog).filter((metric) => metric.task === task)

/** All metrics of a task on the same rows, defined ones only. */
export function evaluate(task: LabelledTask, scored: Scored): Record<string, number> {
  const result: Record<string, number> = {}
  for (const metric of metricsOf(task)) {
    const value = metric.compute(scored)
    if (Number.isFinite(value)) result[metric.name] = value
  }
  return result
}

/** The 95 % interval of each of them. */
export const intervals = (
  task: LabelledTask,
  scored: Scored,
  options: BootstrapOptions,
): Record<string, Interval> => bootstrap(metricsOf(task), scored, options)

/** +1 when higher is better. Silhouette is the only metric of a clusterer that gates. */
export function metricDirection(name: string): 1 | -1 {
  const metric: Metric | undefined = metricCatalog[name as keyof typeof metricCatalog]
  return metric?.direction ?? (name === 'inertia' ? -1 : 1)
}
