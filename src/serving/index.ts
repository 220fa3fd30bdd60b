export * from './serving.ts'
export { openServing, type ServingOptions } from './open-serving.ts'
