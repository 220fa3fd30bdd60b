import { defineErrors } from '../core/index.ts'

export const streamError = defineErrors({
  STREAM_BOUNDARY_INVALID: {
    status: 500,
    retryable: false,
    title: 'A batch boundary in the log cannot be read',
  },
  STREAM_CLOSED: { status: 503, retryable: true, title: 'The sink is closed' },
  STREAM_FORMAT_NEWER: {
    status: 500,
    retryable: false,
    title: 'A batch boundary was written by a newer version',
  },
  STREAM_INVALID_POLICY: {
    status: 422,
    retryable: false,
    title: 'A batch policy has no rule or one out of range',
  },
  STREAM_INVALID_RECORD: {
    status: 422,
    retryable: false,
    title: 'A record of the topic is no row of its table',
  },
  STREAM_INVALID_UNNEST: {
    status: 422,
    retryable: false,
    title: 'A list cannot become rows as it is declared',
  },
  STREAM_LOG_BEHIND: {
    status: 500,
    retryable: false,
    title: 'The table holds records that the log does not have',
  },
  STREAM_STEP_INVALID: {
    status: 500,
    retryable: false,
    title: 'A step of a derived stream cannot be read',
  },
})
