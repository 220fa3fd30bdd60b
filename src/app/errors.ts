import { defineErrors } from '../core/index.ts'

export const appError = defineErrors({
  APP_BACKUP_INVALID: {
    status: 422,
    retryable: false,
    title: 'The backup is cut off, changed, or none',
  },
  APP_DATA_FOLDER: { status: 422, retryable: false, title: 'The data folder cannot be used' },
  APP_FORMAT_NEWER: {
    status: 500,
    retryable: false,
    title: 'The data folder was written by a newer version',
  },
  APP_INVALID: { status: 422, retryable: false, title: 'The app definition is not valid' },
  APP_INVALID_ROLES: { status: 422, retryable: false, title: 'The roles cannot be started so' },
  APP_ROLE_NOT_STARTED: {
    status: 421,
    retryable: false,
    title: 'This process does not have that role',
  },
  APP_NO_ROWS: { status: 422, retryable: false, title: 'The file holds no rows that can be read' },
  APP_NO_CATALOG: { status: 409, retryable: false, title: 'The recommender has no such catalogue' },
  APP_NO_SOURCE_DATA: { status: 422, retryable: false, title: 'The data has no file of the app' },
  APP_NOT_FOUND: { status: 404, retryable: false, title: 'The app knows no such thing' },
  APP_NOT_READY: { status: 503, retryable: true, title: 'The app is starting or waits for data' },
  APP_STOPPING: { status: 503, retryable: true, title: 'The app is stopping' },
})
