export * from './log.ts'
export { logError } from './errors.ts'
export { openLog, type OpenLogOptions } from './open-log.ts'
