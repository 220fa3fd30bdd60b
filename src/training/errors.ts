import { defineErrors } from '../core/index.ts'

export const trainingError = defineErrors({
  TRAINING_CANNOT_REFRESH: {
    status: 409,
    retryable: false,
    title: 'The model has no version that a refresh could go on from',
  },
  TRAINING_CANCELLED: { status: 409, retryable: true, title: 'The training was cancelled' },
  TRAINING_CRASHED: {
    status: 500,
    retryable: true,
    title: 'The training process ended without an answer',
  },
  TRAINING_INVALID_WEIGHT: {
    status: 422,
    retryable: false,
    title: 'A row has a weight that cannot be used',
  },
  TRAINING_NOT_READY: {
    status: 409,
    retryable: true,
    title: 'There is too little data to train on',
  },
  TRAINING_OUT_OF_MEMORY: {
    status: 500,
    retryable: false,
    title: 'The training needs more memory than the limit',
  },
  TRAINING_TIMEOUT: {
    status: 500,
    retryable: true,
    title: 'The training did not end within its deadline',
  },
  TRAINING_UNKNOWN_JOB: { status: 404, retryable: false, title: 'There is no such job' },
  TRAINING_UNKNOWN_MODEL: {
    status: 404,
    retryable: false,
    title: 'The app declares no such model',
  },
})
