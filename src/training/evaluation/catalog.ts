import { accuracy } from './accuracy.ts'
import { auc } from './auc.ts'
import { brier } from './brier.ts'
import { logLoss } from './log-loss.ts'
import { mae } from './mae.ts'
import type { Metric } from './metric.ts'
import { r2 } from './r2.ts'
import { rmse } from './rmse.ts'

/** Every metric of labelled tasks, by name. Clusterers are judged by `silhouette` and `inertia`. */
export const metricCatalog = {
  auc,
  log_loss: logLoss,
  brier,
  accuracy,
  rmse,
  mae,
  r2,
} as const satisfies Record<string, Metric>

/** All metrics of a task on the same rows, defined ones only. */
export function evaluate(
  task: 'classifier' | 'regressor',
  truth: Float64Array,
  predicted: Float64Array,
): Record<string, number> {
  const result: Record<string, number> = {}
  for (const metric of Object.values(metricCatalog)) {
    if (metric.task !== task) continue
    const value = metric.compute({ truth, predicted })
    if (Number.isFinite(value)) result[metric.name] = value
  }
  return result
}

/** +1 when higher is better. Silhouette is the only metric of a clusterer that gates. */
export function metricDirection(name: string): 1 | -1 {
  const metric: Metric | undefined = metricCatalog[name as keyof typeof metricCatalog]
  return metric?.direction ?? (name === 'inertia' ? -1 : 1)
}
