export * from './serving.ts'
export { servingError } from './errors.ts'
export { openServing, type ServingOptions } from './open-serving.ts'
