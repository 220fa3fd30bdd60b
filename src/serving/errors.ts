import { defineErrors } from '../core/index.ts'

export const servingError = defineErrors({
  SERVING_EXPRESSION_TOO_COSTLY: {
    status: 422,
    retryable: false,
    title: 'A filter or boost would take too long over this many items',
  },
  SERVING_INVALID_CURSOR: {
    status: 422,
    retryable: false,
    title: 'The cursor is not one of an earlier answer',
  },
  SERVING_INVALID_EXPRESSION: {
    status: 400,
    retryable: false,
    title: 'A filter or boost cannot be read',
  },
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
  SERVING_UNKNOWN_ITEM: { status: 404, retryable: false, title: 'Nothing is known of the item' },
  SERVING_UNKNOWN_SCENARIO: {
    status: 422,
    retryable: false,
    title: 'The app declares no such scenario',
  },
  SERVING_UNKNOWN_USER: {
    status: 404,
    retryable: false,
    title: 'Nothing that the model knows is known of the user',
  },
  SERVING_UNUSABLE_VERSION: {
    status: 409,
    retryable: false,
    title: 'A version cannot answer in this app',
  },
})
