export * from './log.ts'
export { openLog, type OpenLogOptions } from './open-log.ts'
