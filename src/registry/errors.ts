import { defineErrors } from '../core/index.ts'

export const registryError = defineErrors({
  REGISTRY_CORRUPT: {
    status: 500,
    retryable: false,
    title: 'A stored model does not match its digest',
  },
  REGISTRY_DIGEST_MISMATCH: {
    status: 409,
    retryable: false,
    title: 'A model trained again differs from its record',
  },
  REGISTRY_NOTHING_TO_ROLL_BACK: {
    status: 409,
    retryable: false,
    title: 'There is no earlier version to roll back to',
  },
  REGISTRY_REJECTED_VERSION: {
    status: 409,
    retryable: false,
    title: 'A version that the gate rejected cannot serve',
  },
  REGISTRY_UNKNOWN_ALIAS: { status: 404, retryable: false, title: 'The model has no such alias' },
  REGISTRY_UNKNOWN_MODEL: { status: 404, retryable: false, title: 'There is no such model' },
  REGISTRY_UNKNOWN_VERSION: {
    status: 404,
    retryable: false,
    title: 'The model has no such version',
  },
})
