/** What a sender on this machine needs to read files and pace them as the running app does: for `millrace produce`. */
export {
  createPacer,
  createTimeReader,
  openDataFolder,
  openGenerator,
  openTopicSource,
  RateMeter,
  type EventSource,
  type LookupReport,
  type LookupSpec,
  type Pacer,
  type SourceEvent,
  type TopicContract,
  type TopicSource,
  type TopicSourceOptions,
} from '../ingest/index.ts'
