/** A failure of the storage as the errors that callers know. */
import { isMillraceError } from '../../../core/index.ts'
import { logError } from '../../errors.ts'
import { isFull, storageCode } from './storage.ts'

/** Errors that are no failure of the storage come back as they are. */
export function asStorageError(
  error: unknown,
  what: string,
  details: Readonly<Record<string, string>>,
): unknown {
  if (isMillraceError(error) || storageCode(error) === '') return error
  const code = isFull(error) ? 'LOG_STORAGE_FULL' : 'LOG_STORAGE_FAILED'
  const why = (error as Error).message
  const facts = { cause: error, retryAfterSeconds: 5, details }
  return logError(code, `could not ${what} (${why}): check disk and rights`, facts)
}
