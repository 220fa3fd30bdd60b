import { defineErrors } from '../core/index.ts'

export const modelError = defineErrors({
  MODEL_ARTIFACT_INVALID: {
    status: 500,
    retryable: false,
    title: 'A model artifact is damaged or incomplete',
  },
  MODEL_EXPORT_UNSUPPORTED: {
    status: 422,
    retryable: false,
    title: 'The model cannot be written in this format',
  },
  MODEL_INVALID_DATA: { status: 422, retryable: false, title: 'The training data cannot be used' },
  MODEL_INVALID_PARAMS: {
    status: 422,
    retryable: false,
    title: 'A parameter of the model is out of range',
  },
  MODEL_TOO_FEW_ROWS: { status: 409, retryable: true, title: 'There are too few rows to train on' },
  MODEL_UNKNOWN_KIND: { status: 404, retryable: false, title: 'There is no such kind of model' },
})
