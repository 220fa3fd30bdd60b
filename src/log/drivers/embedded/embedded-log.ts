/** The `Log` in files of one folder: a short list of calls to the rooms beside this file. */
import { join } from 'node:path'
import {
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
import { asStorageError } from './storage-error.ts'
import type { Storage } from './storage.ts'
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
    throw asStorageError(error, `open the log in ${options.dir}`, { folder: options.dir })
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
    const offsets = new GroupOffsets(topics, clock, logger)
    await offsets.load()
    return new EmbeddedLog(options, folder, topics, offsets)
  } catch (error) {
    // Whoever opens again with the same disk has the same error first.
    await folder.lock.release().catch(() => {})
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
    })
  }

  async createTopic(spec: TopicSpec): Promise<TopicInfo> {
    this.#refuseClosed()
    return this.#change(async () => topicInfo(await this.#topics.create(spec)))
  }

  async addPartitions(name: string, partitions: number): Promise<TopicInfo> {
    this.#refuseClosed()
    return this.#change(async () => {
      const topic = await this.#topics.grow(name, partitions)
      await this.#groups.topicChanged(name)
      return topicInfo(topic)
    })
  }

  async deleteTopic(name: string): Promise<void> {
    this.#refuseClosed()
    await this.#change(async () => {
      await this.#cleaner.idle()
      try {
        await this.#topics.delete(name)
      } finally {
        // Also when only its durability failed: it is gone for everyone who asks.
        if (this.#topics.peek(name) === undefined) {
          this.#cleaner.forget(name)
          await this.#groups.topicChanged(name)
        }
      }
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
    const log = this.#topics.partition(topic, partition)
    return this.#told('read the indexes', () => offsetForTime(log, timestampMs))
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
    await this.#told('clean the log', () => this.#cleaner.clean())
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
    const { logger, dir } = this.#options
    // Everything is durable already. Without the mark the next opening is one after a crash, and a lock that cannot be
    // given back ends with the process: neither is worth a shutdown that fails on a full disk.
    const warn = (error: unknown): void =>
      logger.warn({ folder: dir, err: error }, 'the log closed without its mark or lock in order')
    await markClean(this.#options, ends).catch(warn)
    await this.#folder.lock.release().catch(warn)
  }

  async #told<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      throw asStorageError(error, what, { folder: this.#options.dir })
    }
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
