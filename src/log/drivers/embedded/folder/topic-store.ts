/**
 * The topics of a data folder: `topics/<folder>/topic.json` and one folder per partition.
 *
 * A topic appears and goes by one rename, so a crash leaves it whole or not there: it is built under a temporary folder
 * that then takes its name, and before its files are removed its folder takes a temporary name. Temporary folders are
 * removed at the next open.
 */
import { join } from 'node:path'
import {
  isMillraceError,
  type Logger,
  type Metrics,
  type MillraceError,
} from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { TopicConfig, TopicInfo, TopicSpec } from '../../../log.ts'
import { createPartitioner, type Partitioner } from '../../../partitioner.ts'
import { readDurableFile, writeDurableFile } from './durable-file.ts'
import { corrupt } from '../partition/corruption.ts'
import type { BatchEncoder } from '../format/batch-encoder.ts'
import { OpenWriters } from '../partition/open-writers.ts'
import { PartitionLog } from '../partition/partition-log.ts'
import { partitionFolder, type CleanEnd } from '../partition/recovery.ts'
import { asStorageError } from '../storage-error.ts'
import { storageCode, type Storage } from '../storage.ts'
import { isTemporaryFolder, temporaryFolder, topicFolder } from './topic-folder.ts'
import { checkGrowth, checkSame, resolveSpec, type ResolvedSpec } from './topic-spec.ts'

export interface Topic {
  readonly name: string
  /** Tells a topic from one of the same name that was deleted. */
  readonly id: string
  readonly folder: string
  readonly config: TopicConfig
  /** Of each partition the last segment that may be without a header: see TopicFile. */
  readonly unnamedUpTo?: readonly number[]
  readonly partitions: readonly PartitionLog[]
  readonly partitioner: Partitioner
}

interface TopicFile extends ResolvedSpec {
  readonly id: string
  /** Undefined for a topic that a log of format 1 wrote. */
  readonly format?: number
  /** Of each partition the last segment that may be without a header, as those of format 1 are; −1 or no entry: none. */
  readonly unnamedUpTo?: readonly number[]
}

export interface TopicStoreOptions {
  readonly storage: Storage
  readonly logger: Logger
  readonly metrics: Metrics
  readonly root: string
  readonly newId: () => string
}

/** Where each partition ended at an orderly close, by `<topic id>/<partition>`. */
export type CleanEnds = Readonly<Record<string, CleanEnd>>

const TOPIC_FILE = 'topic.json'
/** The format of the log that wrote the description: another witness when `FORMAT` is lost. */
const TOPIC_FORMAT = 2
/** Partitions that are opened at the same time: enough to keep a disk busy, few enough for file handles. */
const OPEN_AT_ONCE = 8

export class TopicStore {
  readonly #options: TopicStoreOptions
  readonly #spareEncoders: BatchEncoder[] = []
  readonly #writers = new OpenWriters()
  readonly #topics = new Map<string, Topic>()
  /** Topics whose description is damaged, by folder: they refuse, the others go on. */
  readonly #damaged = new Map<string, MillraceError>()
  /** Folders that a failure left under a topic's name: nobody was told that they are there. */
  readonly #leftovers = new Set<string>()

  private constructor(options: TopicStoreOptions) {
    this.#options = options
  }

  static async open(options: TopicStoreOptions, cleanEnds: CleanEnds): Promise<TopicStore> {
    const { storage, root } = options
    const store = new TopicStore(options)
    await storage.makeDir(root)
    // A topic's name may be there and not be durable: its maker was stopped before it had synced the folder.
    await storage.syncDir(root)
    for (const name of await storage.list(root)) {
      if (name.startsWith('.')) continue
      if (isTemporaryFolder(name)) await removeTree(storage, join(root, name))
      else await store.#load(name, cleanEnds)
    }
    return store
  }

  all(): readonly Topic[] {
    return [...this.#topics.values()]
  }

  /** The topic if it is there and whole. */
  peek(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  /** Throws LOG_CORRUPT for a topic whose description is damaged. */
  find(name: string): Topic | undefined {
    const damage = this.#damaged.get(topicFolder(name))
    if (damage !== undefined) throw damage
    return this.#topics.get(name)
  }

  /** Throws LOG_UNKNOWN_TOPIC, LOG_CORRUPT. */
  get(name: string): Topic {
    const topic = this.find(name)
    if (topic !== undefined) return topic
    throw unknownTopic(name)
  }

  /** Throws LOG_UNKNOWN_TOPIC, LOG_UNKNOWN_PARTITION. */
  partition(name: string, partition: number): PartitionLog {
    const topic = this.get(name)
    const found = topic.partitions[partition]
    if (found !== undefined) return found
    throw logError(
      'LOG_UNKNOWN_PARTITION',
      `topic "${name}" has no partition ${partition}: use 0 to ${topic.partitions.length - 1}`,
      { details: { topic: name, partition } },
    )
  }

  /** Durable when it resolves. Calls for one name must not overlap. */
  async create(spec: TopicSpec): Promise<Topic> {
    const wanted = resolveSpec(spec)
    const existing = this.find(spec.name)
    if (existing !== undefined) {
      checkSame({ ...existing, partitions: existing.partitions.length }, wanted)
      return existing
    }
    const { storage, root, newId } = this.#options
    const id = newId()
    const file: TopicFile = { ...wanted, id, format: TOPIC_FORMAT }
    const building = join(root, temporaryFolder(id))
    const folder = join(root, topicFolder(spec.name))
    try {
      if (this.#leftovers.has(folder)) await this.#moveAway(folder, newId())
      await storage.makeDir(building)
      for (let partition = 0; partition < file.partitions; partition++) {
        await storage.makeDir(partitionFolder(building, partition))
      }
      await writeDurableFile(storage, join(building, TOPIC_FILE), file)
      await storage.rename(building, folder)
      this.#leftovers.add(folder)
      await storage.syncDir(root)
      const topic = await this.#openTopic(folder, file, {})
      this.#leftovers.delete(folder)
      this.#topics.set(topic.name, topic)
      return topic
    } catch (error) {
      throw asStorageError(error, `create topic "${spec.name}"`, { topic: spec.name })
    }
  }

  /**
   * Gives the topic more partitions, durably. A crash in between leaves empty folders, which the next growth uses.
   * Calls for one name must not overlap.
   */
  async grow(name: string, partitions: number): Promise<Topic> {
    const topic = this.get(name)
    checkGrowth(name, topic.partitions.length, partitions)
    const { id, folder, config, unnamedUpTo } = topic
    const file: TopicFile = { name, id, partitions, config, format: TOPIC_FORMAT, unnamedUpTo }
    try {
      for (let partition = topic.partitions.length; partition < partitions; partition++) {
        await this.#options.storage.makeDir(partitionFolder(folder, partition))
      }
      await writeDurableFile(this.#options.storage, join(folder, TOPIC_FILE), file)
    } catch (error) {
      throw asStorageError(error, `add partitions to topic "${name}"`, { topic: name })
    }
    const added = await this.#openPartitions(folder, file, topic.partitions.length, {})
    const all = [...topic.partitions, ...added]
    const grown = { ...topic, partitions: all, partitioner: createPartitioner(all.length) }
    this.#topics.set(name, grown)
    return grown
  }

  async #moveAway(folder: string, id: string): Promise<void> {
    const { storage, root } = this.#options
    const leaving = join(root, temporaryFolder(id))
    await storage.rename(folder, leaving)
    this.#leftovers.delete(folder)
    await this.#removeTree(leaving)
  }

  /** What cannot be removed now goes at the next open. */
  async #removeTree(folder: string): Promise<void> {
    await removeTree(this.#options.storage, folder).catch((error: unknown) =>
      this.#options.logger.warn(
        { folder, err: error },
        'folder of a topic that is gone not removed',
      ),
    )
  }

  /** Rejects with the topic as it was, or gone but perhaps not durably so. */
  async delete(name: string): Promise<void> {
    const topic = this.get(name)
    const { storage, root } = this.#options
    const leaving = join(root, temporaryFolder(topic.id))
    try {
      await storage.rename(topic.folder, leaving)
      this.#topics.delete(name)
      for (const partition of topic.partitions) await partition.close(unknownTopic(name))
      await storage.syncDir(root)
    } catch (error) {
      throw asStorageError(error, `delete topic "${name}"`, { topic: name })
    }
    await this.#removeTree(leaving)
  }

  /** Closes every partition; what it returns belongs into the mark of an orderly close. */
  async close(reason: Error): Promise<CleanEnds> {
    const ends: Record<string, CleanEnd> = {}
    for (const topic of this.#topics.values()) {
      for (const [index, partition] of topic.partitions.entries()) {
        const end = await partition.close(reason)
        if (end !== undefined) ends[`${topic.id}/${index}`] = end
      }
    }
    return ends
  }

  async #load(folderName: string, cleanEnds: CleanEnds): Promise<void> {
    const { storage, root, logger } = this.#options
    const folder = join(root, folderName)
    try {
      const file = (await readDurableFile(storage, join(folder, TOPIC_FILE))) as
        | TopicFile
        | undefined
      if (file === undefined) return
      if (topicFolder(file.name) !== folderName) throw misplacedTopic(folder, file.name)
      if ((file.format ?? 1) > TOPIC_FORMAT) throw newerTopic(folder, file)
      const opened = await this.#openTopic(folder, file, cleanEnds)
      const isOld = file.format === undefined
      const topic = isOld ? await this.#raiseFormat(folder, file, opened) : opened
      this.#topics.set(topic.name, topic)
    } catch (error) {
      if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
      logger.error({ folder, err: error }, 'topic not opened')
      this.#damaged.set(folderName, error)
    }
  }

  async #openTopic(folder: string, file: TopicFile, cleanEnds: CleanEnds): Promise<Topic> {
    const partitions = await this.#openPartitions(folder, file, 0, cleanEnds)
    const { name, id, config, unnamedUpTo } = file
    const partitioner = createPartitioner(file.partitions)
    return { name, id, folder, config, unnamedUpTo, partitions, partitioner }
  }

  /** A topic of format 1: from here on a segment without a header is a misplaced one, unless it is one of those there. */
  async #raiseFormat(folder: string, file: TopicFile, topic: Topic): Promise<Topic> {
    const unnamedUpTo = topic.partitions.map(({ segments }) => segments.at(-1)!.base)
    const raised: TopicFile = { ...file, format: TOPIC_FORMAT, unnamedUpTo }
    await writeDurableFile(this.#options.storage, join(folder, TOPIC_FILE), raised)
    return { ...topic, unnamedUpTo }
  }

  /** Opens the partitions from `start` on. */
  async #openPartitions(
    folder: string,
    { name, id, config, partitions, format, unnamedUpTo }: TopicFile,
    start: number,
    cleanEnds: CleanEnds,
  ): Promise<PartitionLog[]> {
    const { storage, logger, metrics } = this.#options
    const { segmentBytes } = config
    const opened: PartitionLog[] = []
    const open = async (partition: number): Promise<void> => {
      const place = {
        topic: name,
        topicId: id,
        partition,
        folder: partitionFolder(folder, partition),
        unnamedUpTo: format === undefined ? Infinity : (unnamedUpTo?.[partition] ?? -1),
      }
      const cleanEnd = cleanEnds[`${id}/${partition}`]
      const shared = { spareEncoders: this.#spareEncoders, writers: this.#writers }
      const options = { storage, logger, segmentBytes, ...shared, ...place }
      const log = await PartitionLog.open(options, cleanEnd)
      const tellEnd = (): void =>
        metrics.record('log_end_offset', { topic: name, partition }, log.end)
      log.onEnd(tellEnd)
      tellEnd()
      opened[partition - start] = log
    }
    for (let first = start; first < partitions; first += OPEN_AT_ONCE) {
      const count = Math.min(OPEN_AT_ONCE, partitions - first)
      await Promise.all(Array.from({ length: count }, (_, index) => open(first + index)))
    }
    return opened
  }
}

const unknownTopic = (topic: string): MillraceError =>
  logError('LOG_UNKNOWN_TOPIC', `there is no topic "${topic}": create it first`, {
    details: { topic },
  })

const newerTopic = (folder: string, { format }: TopicFile): MillraceError =>
  logError(
    'LOG_FORMAT_NEWER',
    `${join(folder, TOPIC_FILE)} says format ${format}, this program reads ${TOPIC_FORMAT} at most: use a newer one`,
    { details: { file: join(folder, TOPIC_FILE) } },
  )

const misplacedTopic = (folder: string, name: string): MillraceError =>
  corrupt(
    { file: join(folder, TOPIC_FILE), position: 0 },
    `it describes topic "${name}", whose folder is "${topicFolder(name)}"`,
  )

export function topicInfo({ name, config, partitions }: Topic): TopicInfo {
  return {
    name,
    config,
    partitions: partitions.map((log, partition) => ({
      partition,
      earliest: log.earliest,
      end: log.end,
      bytes: log.sizeBytes,
      segments: log.segments.length,
    })),
  }
}

/** Removes a folder with all in it. */
async function removeTree(storage: Storage, folder: string): Promise<void> {
  for (const name of await storage.list(folder)) {
    const path = join(folder, name)
    try {
      await storage.unlink(path)
    } catch (error) {
      // Linux answers EISDIR for a folder, macOS EPERM.
      if (!['EISDIR', 'EPERM'].includes(storageCode(error))) throw error
      await removeTree(storage, path)
    }
  }
  await storage.removeDir(folder)
}
