/** A file of the data folder as the events of a topic: typed columns, event-time order, columns of a reference file. */
import {
  openFileSource,
  type DataFile,
  type DataFolder,
  type EventSource,
  type TopicContract,
} from '../ingest/index.ts'
import type { SourceDefinition } from './define-app.ts'

export interface FileEventsOptions {
  readonly file: DataFile
  readonly folder: DataFolder
  readonly source: SourceDefinition
  readonly contract: TopicContract | undefined
  readonly order: 'event-time' | 'file'
  readonly hasEventTime: boolean
  readonly warn: (message: string) => void
}

export async function openFileEvents(options: FileEventsOptions): Promise<EventSource> {
  const { file, source, contract, warn } = options
  const events = await openFileSource(file, {
    ...(contract && { columns: contract.columns }),
  })
  for (const warning of events.warnings) warn(warning)
  if (options.hasEventTime && options.order === 'file') {
    warn(
      `${file.name} is replayed into topic ${source.topic} in the order of the file: when it is sorted by user, the first batches hold few users and what is learned from them does not carry over (use order event-time)`,
    )
  }
  return events
}
