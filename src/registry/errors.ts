import { defineErrors } from '../core/index.ts'

export const registryError = defineErrors({
  REGISTRY_ARTIFACT_MISSING: {
    status: 409,
    retryable: false,
    title: 'The stored model of a version is gone',
  },
  REGISTRY_CLOSED: { status: 503, retryable: true, title: 'The registry is closed' },
  REGISTRY_CONFLICT: {
    status: 409,
    retryable: true,
    title: 'Another process changed the model at the same moment',
  },
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
  REGISTRY_FORMAT_NEWER: {
    status: 500,
    retryable: false,
    title: 'The registry was written by a newer version',
  },
  REGISTRY_NOTHING_TO_ROLL_BACK: {
    status: 409,
    retryable: false,
    title: 'There is no earlier version to roll back to',
  },
  REGISTRY_READ_ONLY: {
    status: 409,
    retryable: false,
    title: 'This process follows the registry and cannot store models',
  },
  REGISTRY_REJECTED_VERSION: {
    status: 409,
    retryable: false,
    title: 'A version that the gate rejected cannot serve',
  },
  REGISTRY_STORAGE_FAILED: {
    status: 503,
    retryable: true,
    title: 'The disk failed to store a model',
  },
  REGISTRY_UNKNOWN_ALIAS: { status: 404, retryable: false, title: 'The model has no such alias' },
  REGISTRY_UNKNOWN_MODEL: { status: 404, retryable: false, title: 'There is no such model' },
  REGISTRY_UNKNOWN_VERSION: {
    status: 404,
    retryable: false,
    title: 'The model has no such version',
  },
})
