export * from './log.ts'
export { logError } from './errors.ts'
