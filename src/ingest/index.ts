export * from './ingest.ts'
export { createIngest, type IngestOptions } from './create-ingest.ts'
export type {
  DeadLetters,
  LetterState,
  LetterStatus,
  StoredLetter,
} from './dead-letters/dead-letter-desk.ts'
export type { DoorCount } from './ledger/door-counts.ts'
export { decompressBody, type DecompressLimits } from './bodies/decompress.ts'
export type { SpoolOptions } from './spool/spool.ts'
export { ingestError, type IngestErrorCode } from './errors.ts'
export { openDataFolder, type DataFolder } from './sources/data-folder.ts'
export type { DataFile } from './sources/data-file.ts'
export type { OpenFileOptions } from './sources/open-source.ts'
export type { FileOptions, FileSource } from './sources/source.ts'
export type { GeneratorName } from './generators/catalog.ts'
export type { Generated, GeneratedTruth } from './generators/generator.ts'
export { openGenerator } from './generators/open-generator.ts'
export type { Lookup, LookupReport, LookupSpec } from './replay/lookup.ts'
export {
  openTopicSource,
  type TopicSource,
  type TopicSourceOptions,
} from './replay/topic-source.ts'
export { jsonIssue } from './events/json-issue.ts'
export { createTimeReader } from './events/event-time.ts'
export { createPacer, type Pacer } from './replay/pacer.ts'
export { RateMeter } from './replay/rate-meter.ts'
