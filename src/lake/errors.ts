import { defineErrors } from '../core/index.ts'

export const lakeError = defineErrors({
  LAKE_CLOSED: { status: 503, retryable: true, title: 'The lake is closed' },
  LAKE_CORRUPT: { status: 500, retryable: false, title: 'A lake file does not match its digest' },
  LAKE_FORMAT_NEWER: {
    status: 500,
    retryable: false,
    title: 'The table was written by a newer version',
  },
  LAKE_OUT_OF_ORDER: {
    status: 409,
    retryable: false,
    title: 'A batch does not follow the end of the table',
  },
  LAKE_SCHEMA_CONFLICT: { status: 409, retryable: false, title: 'A column changed its type' },
  LAKE_STORAGE_FAILED: { status: 503, retryable: true, title: 'The disk failed to store a file' },
  LAKE_STORAGE_FULL: { status: 503, retryable: true, title: 'The disk is full' },
  LAKE_THREAD_LOST: { status: 503, retryable: true, title: 'The thread that makes rows ended' },
  LAKE_UNKNOWN_TABLE: { status: 404, retryable: false, title: 'There is no such table' },
})
