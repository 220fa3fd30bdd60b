export * from './feature-view.ts'
export { featureError } from './errors.ts'
