/** Why a version cannot serve: the same words for every task. */
import { isMillraceError } from '../core/index.ts'
import type { ModelVersion } from '../registry/index.ts'
import { servingError } from './errors.ts'

/** Throws SERVING_UNUSABLE_VERSION when a version was trained for another task than the app declares. */
export function checkTask(record: ModelVersion, declared: string): void {
  if (record.task === declared) return
  throw servingError(
    'SERVING_UNUSABLE_VERSION',
    `${nameOf(record)} is a ${record.task}, the app declares a ${declared}: train the model again, or give the new one another name`,
  )
}

/** SERVING_UNUSABLE_VERSION for whatever went wrong while a version was loaded. */
export function unusable(record: ModelVersion, cause: unknown): Error {
  if (isMillraceError(cause, 'SERVING_UNUSABLE_VERSION')) return cause
  return servingError(
    'SERVING_UNUSABLE_VERSION',
    `${nameOf(record)} cannot be loaded: ${(cause as Error).message}`,
    { details: { model: record.model, version: record.version }, cause },
  )
}

const nameOf = ({ model, version }: ModelVersion): string => `${model}@${version}`
