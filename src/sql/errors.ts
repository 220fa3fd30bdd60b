import { defineErrors } from '../core/index.ts'

export const sqlError = defineErrors({
  SQL_BUSY: { status: 429, retryable: true, title: 'Too many queries wait' },
  SQL_CANCELLED: { status: 499, retryable: true, title: 'The query was cancelled' },
  SQL_CRASHED: { status: 503, retryable: true, title: 'The query ended its process' },
  SQL_FAILED: { status: 503, retryable: true, title: 'The engine could not read its files' },
  SQL_INVALID: { status: 400, retryable: false, title: 'The SQL cannot be parsed or bound' },
  SQL_NOT_ALLOWED: { status: 403, retryable: false, title: 'The SQL does more than read tables' },
  SQL_OUT_OF_MEMORY: {
    status: 413,
    retryable: false,
    title: 'The query needs more memory than the limit',
  },
  SQL_TIMEOUT: {
    status: 408,
    retryable: false,
    title: 'The query did not end within its deadline',
  },
})
export type SqlErrorCode = keyof typeof sqlError.table
