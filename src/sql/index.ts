export * from './engine.ts'
export { sqlEngines, type SqlEngineName } from './catalog.ts'
export { sqlError } from './errors.ts'
export { openSqlEngine } from './open-engine.ts'
