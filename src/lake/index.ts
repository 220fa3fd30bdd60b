export * from './lake.ts'
export { lakeError } from './errors.ts'
