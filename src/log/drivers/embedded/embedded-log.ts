/** The `Log` in files of one folder: a short list of calls to the rooms beside this file. */
import { join } from 'node:path'
import {
  isMillraceError,
  type Clock,
  type Logger,
  type Metrics,
  type NewRecord,
  type TopicPartitionOffset,
} from '../../../core/index.ts'
import { logError } from '../../errors.ts'
import type {
  Appended,
  Consumer,
  ConsumerOptions,
  GroupInfo,
  Log,
  ReadOptions,
  RecordBatch,
  TopicInfo,
  TopicSpec,
} from '../../log.ts'
import type { LogWire } from '../../log-wire.ts'
import { appendRecords } from './append-records.ts'
import { Cleaner } from './cleaning/cleaner.ts'
import { markClean, openFolder, type OpenFolder } from './folder/data-folder.ts'
import { GroupCoordinator } from './groups/group-coordinator.ts'
import { GroupOffsets } from './groups/group-offsets.ts'
import { EmbeddedWire } from './embedded-wire.ts'
import { offsetForTime } from './partition/offset-for-time.ts'
import type { ProcessTable } from './folder/process-table.ts'
import { readPartition } from './read-partition.ts'
import { isFull, storageCode, type Storage } from './storage.ts'
import { topicInfo, TopicStore } from './folder/topic-store.ts'

export interface EmbeddedLogOptions {
  /** Folder of the log; made when it is not there. */
  readonly dir: string
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly storage: Storage
  readonly processes: ProcessTable
  /** Ids of topics; unique in the folder. */
  readonly newId: () => string
  /** Largest record value, bytes. */
  readonly recordBytes: number
  /** Time between two rounds of retention and compaction, milliseconds; 0 is never by itself. */
  readonly cleanIntervalMs: number
}

/**
 * Opens a folder, after whatever happened to it. Throws LOG_IN_USE, LOG_FORMAT_NEWER, LOG_STORAGE_FAILED. Damage to one
 * topic or partition does not keep the others from opening.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<Log> {
  try {
    return await openAll(options)
  } catch (error) {
    if (isMillraceError(error) || storageCode(error) === '') throw error
    const code = isFull(error) ? 'LOG_STORAGE_FULL' : 'LOG_STORAGE_FAILED'
    const why = (error as Error).message
    const facts = { cause: error, retryAfterSeconds: 5, details: { folder: options.dir } }
    throw logError(
      code,
      `could not open the log in ${options.dir} (${why}): check disk and rights`,
      facts,
    )
  }
}

async function openAll(options: EmbeddedLogOptions): Promise<Log> {
  const { dir, storage, logger, metrics, newId, clock } = options
  const folder = await openFolder(options)
  try {
    const root = join(dir, 'topics')
    const topics = await TopicStore.open(
      { storage, logger, metrics, root, newId },
      folder.cleanEnds,
    )
    await folder.forgetCleanEnds()
    const offsets = new GroupOffsets(topics, clock)
    await offsets.load()
    return new EmbeddedLog(options, folder, topics, offsets)
  } catch (error) {
    await folder.lock.release()
    throw error
  }
}

class EmbeddedLog implements Log {
  readonly #options: EmbeddedLogOptions
  readonly #folder: OpenFolder
  readonly #topics: TopicStore
  readonly #groups: GroupCoordinator
  readonly #cleaner: Cleaner
  readonly wire: LogWire
  /** Creating and deleting topics go one after the other. */
  #changing: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(
    options: EmbeddedLogOptions,
    folder: OpenFolder,
    topics: TopicStore,
    offsets: GroupOffsets,
  ) {
    this.#options = options
    this.#folder = folder
    this.#topics = topics
    this.#groups = new GroupCoordinator({ ...options, topics, offsets })
    this.#cleaner = new Cleaner({ ...options, topics })
    this.#cleaner.start()
    this.wire = new EmbeddedWire({
      topics,
      groups: this.#groups,
      offsets,
      recordBytes: options.recordBytes,
      refuseClosed: () => this.#refuseClosed(),
      grow: (name, partitions) => this.#change(() => this.#grow(name, partitions)),
    })
  }

  async createTopic(spec: TopicSpec): Promise<TopicInfo> {
    this.#refuseClosed()
    return this.#change(async () => topicInfo(await this.#topics.create(spec)))
  }

  async deleteTopic(name: string): Promise<void> {
    this.#refuseClosed()
    await this.#change(async () => {
      await this.#cleaner.idle()
      await this.#topics.delete(name)
      this.#cleaner.forget(name)
      await this.#groups.topicChanged(name)
    })
  }

  async topics(): Promise<readonly TopicInfo[]> {
    this.#refuseClosed()
    return this.#topics
      .all()
      .map(topicInfo)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  async topic(name: string): Promise<TopicInfo> {
    this.#refuseClosed()
    return topicInfo(this.#topics.get(name))
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    this.#refuseClosed()
    const { clock, metrics, recordBytes } = this.#options
    const began = clock.monotonic()
    const appended = await appendRecords(this.#topics.get(topic), records, recordBytes)
    metrics.record('log_append_duration_seconds', {}, (clock.monotonic() - began) / 1_000)
    return appended
  }

  read(
    topic: string,
    partition: number,
    from: number,
    options: ReadOptions = {},
  ): AsyncIterable<RecordBatch> {
    const start = (): AsyncGenerator<RecordBatch> => {
      this.#refuseClosed()
      return readPartition(this.#topics.partition(topic, partition), from, options)
    }
    return { [Symbol.asyncIterator]: () => lazily(start) }
  }

  async offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number> {
    this.#refuseClosed()
    return offsetForTime(this.#topics.partition(topic, partition), timestampMs)
  }

  async consumer(options: ConsumerOptions): Promise<Consumer> {
    this.#refuseClosed()
    return this.#groups.join(options)
  }

  async groups(): Promise<readonly GroupInfo[]> {
    this.#refuseClosed()
    return this.#groups.infos()
  }

  async resetGroup(group: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    this.#refuseClosed()
    await this.#groups.reset(group, offsets)
  }

  async deleteGroup(group: string): Promise<void> {
    this.#refuseClosed()
    await this.#groups.delete(group)
  }

  hold(holder: string, { topic, partition, offset }: TopicPartitionOffset): void {
    this.#refuseClosed()
    this.#topics.partition(topic, partition)
    this.#cleaner.hold(holder, { topic, partition, offset })
  }

  async clean(): Promise<void> {
    this.#refuseClosed()
    await this.#cleaner.clean()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const reason = closedError(this.#options.dir)
    this.#cleaner.stop()
    await this.#groups.close(reason)
    await this.#changing
    await this.#cleaner.idle()
    const ends = await this.#topics.close(reason)
    try {
      await markClean(this.#options, ends)
    } finally {
      await this.#folder.lock.release()
    }
  }

  async #grow(name: string, partitions: number): Promise<TopicInfo> {
    const topic = await this.#topics.grow(name, partitions)
    await this.#groups.topicChanged(name)
    return topicInfo(topic)
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw closedError(this.#options.dir)
  }

  #change<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(run)
    this.#changing = result.catch(() => {})
    return result
  }
}

/** Makes the generator at the first step, so that its errors come from the step and not from the call. */
function lazily(start: () => AsyncGenerator<RecordBatch>): AsyncIterator<RecordBatch> {
  let batches: AsyncGenerator<RecordBatch> | undefined
  return {
    async next() {
      batches ??= start()
      return batches.next()
    },
    async return() {
      await batches?.return(undefined)
      return { done: true, value: undefined }
    },
  }
}

const closedError = (dir: string): Error =>
  logError('LOG_CLOSED', `the log in ${dir} is closed: open it again`)
