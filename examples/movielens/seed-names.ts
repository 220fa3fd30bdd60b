/** Names of the original: `classification_model_set_1` is the newest version of `like` that was trained on set 1. */
import type { ModelVersion, RouteContext } from 'millrace'

export type Task = 'classification' | 'regression' | 'clustering'

export const taskModels: Readonly<Record<Task, string>> = {
  classification: 'like',
  regression: 'rating',
  clustering: 'segments',
}

const SEED_NAME = /^(classification|regression|clustering)_model_set_(\d+)$/

/** The model that a name means; undefined for a bare number. */
export function modelOf(name: string): string | undefined {
  const task = SEED_NAME.exec(name)?.[1]
  if (task !== undefined) return taskModels[task as Task]
  return Object.values(taskModels).includes(name) ? name : undefined
}

/** The number of the training set that a name means. */
export function setOf(name: string): number | undefined {
  const number = /^\d+$/.test(name) ? name : SEED_NAME.exec(name)?.[2]
  return number === undefined ? undefined : Number(number)
}

/**
 * The version to ask: undefined is the champion. An unknown name is passed on as an alias, so the answer is the product's
 * own 404 with the names that exist.
 */
export function versionOf(
  context: RouteContext,
  task: Task,
  name: string | undefined,
): number | string | undefined {
  const model = taskModels[task]
  if (name === undefined || name === model) return undefined
  const set = setOf(name)
  const isOther = modelOf(name) !== undefined && modelOf(name) !== model
  if (set === undefined || isOther) return name
  return newest(context.versions(model), set)?.version ?? name
}

const newest = (versions: readonly ModelVersion[], set: number): ModelVersion | undefined =>
  versions.findLast((version) => version.set.part === set)
