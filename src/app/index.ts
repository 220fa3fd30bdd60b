export * from './authoring.ts'
export * from './define-app.ts'
export * from './running-app.ts'
export { appError } from './errors.ts'
