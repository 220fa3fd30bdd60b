import { defineErrors } from '../core/index.ts'

export const servingError = defineErrors({
  SERVING_INVALID_ROW: {
    status: 422,
    retryable: false,
    title: 'A row to predict is missing a field or has a wrong one',
  },
  SERVING_NOT_READY: {
    status: 503,
    retryable: true,
    title: 'The model has no version that serves yet',
  },
  SERVING_UNUSABLE_VERSION: {
    status: 409,
    retryable: false,
    title: 'A version cannot answer in this app',
  },
})
