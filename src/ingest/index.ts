export * from './ingest.ts'
export { ingestError } from './errors.ts'
