export * from './log.ts'
export * from './log-wire.ts'
export { defaultTopicConfig } from './default-topic-config.ts'
export { openLog, type OpenLogOptions } from './open-log.ts'
