export * from './engine.ts'
export type { SqlEngineName } from './catalog.ts'
export { openSqlEngine } from './open-engine.ts'
export { openSandbox, type SqlSandboxOptions } from './sandbox/open-sandbox.ts'
