export * from './batch.ts'
