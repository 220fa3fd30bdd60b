/** What a sender on this machine needs to read files and pace them as the running app does: for `millrace produce`. */
export {
  createPacer,
  createTimeReader,
  openDataFolder,
  openFileSource,
  openGenerator,
  RateMeter,
  type EventSource,
  type FileSource,
  type OpenFileOptions,
  type Pacer,
  type SourceEvent,
} from '../ingest/index.ts'
