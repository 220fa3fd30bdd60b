export * from './define-app.ts'
export { appError } from './errors.ts'
export type * from './running-app.ts'
