export * from './model.ts'
export { modelError } from './errors.ts'
