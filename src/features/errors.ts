import { defineErrors } from '../core/index.ts'

export const featureError = defineErrors({
  FEATURE_INVALID_VIEW: {
    status: 422,
    retryable: false,
    title: 'A feature view cannot be parsed or bound',
  },
  FEATURE_NOT_INCREMENTAL: {
    status: 422,
    retryable: false,
    title: 'A feature view uses something that cannot update incrementally',
  },
  FEATURE_STORE_CLOSED: {
    status: 503,
    retryable: true,
    title: 'The feature store is closed: the app is stopping',
  },
  FEATURE_UNKNOWN_VIEW: { status: 404, retryable: false, title: 'There is no such feature view' },
})
