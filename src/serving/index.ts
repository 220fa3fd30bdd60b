export * from './serving.ts'
export { servingError } from './errors.ts'
