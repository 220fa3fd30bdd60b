export * from './engine.ts'
export { sqlError } from './errors.ts'
