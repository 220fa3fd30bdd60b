export * from './model-spec.ts'
export { trainingError } from './errors.ts'
