/**
 * The topics of a data folder: `topics/<folder>/topic.json` and one folder per partition.
 *
 * A topic appears and goes by one rename, so a crash leaves it whole or not there: it is built under a temporary folder
 * that then takes its name, and before its files are removed its folder takes a temporary name. Temporary folders are
 * removed at the next open.
 */
import { join } from 'node:path'
import {
  checkTopicName,
  coreError,
  isMillraceError,
  type Logger,
  type Metrics,
  type MillraceError,
} from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { TopicConfig, TopicInfo, TopicSpec } from '../../../log.ts'
import { createPartitioner, type Partitioner } from '../../../partitioner.ts'
import { readDurableFile, writeDurableFile } from './durable-file.ts'
import { PartitionLog } from '../partition/partition-log.ts'
import { partitionFolder, type CleanEnd } from '../partition/recovery.ts'
import { isFull, storageCode, type Storage } from '../storage.ts'
import { isTemporaryFolder, temporaryFolder, topicFolder } from './topic-folder.ts'

export interface Topic {
  readonly name: string
  /** Tells a topic from one of the same name that was deleted. */
  readonly id: string
  readonly folder: string
  readonly config: TopicConfig
  readonly partitions: readonly PartitionLog[]
  readonly partitioner: Partitioner
}

interface TopicFile {
  readonly name: string
  readonly id: string
  readonly partitions: number
  readonly config: TopicConfig
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

const MAX_PARTITIONS = 1_000
const TOPIC_FILE = 'topic.json'
/** Partitions that are opened at the same time: enough to keep a disk busy, few enough for file handles. */
const OPEN_AT_ONCE = 8
const MIB = 1024 * 1024

const DEFAULT_CONFIG: TopicConfig = {
  cleanup: 'delete',
  retentionMs: -1,
  retentionBytes: -1,
  segmentBytes: 128 * MIB,
  tombstoneMs: 24 * 3_600_000,
}

export class TopicStore {
  readonly #options: TopicStoreOptions
  readonly #topics = new Map<string, Topic>()
  /** Topics whose description is damaged, by folder: they refuse, the others go on. */
  readonly #damaged = new Map<string, MillraceError>()

  private constructor(options: TopicStoreOptions) {
    this.#options = options
  }

  static async open(options: TopicStoreOptions, cleanEnds: CleanEnds): Promise<TopicStore> {
    const { storage, root } = options
    const store = new TopicStore(options)
    await storage.makeDir(root)
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
      checkSame(existing, wanted)
      return existing
    }
    const { storage, root, newId } = this.#options
    const id = newId()
    const file: TopicFile = { ...wanted, id }
    const building = join(root, temporaryFolder(id))
    const folder = join(root, topicFolder(spec.name))
    try {
      await storage.makeDir(building)
      for (let partition = 0; partition < file.partitions; partition++) {
        await storage.makeDir(partitionFolder(building, partition))
      }
      await writeDurableFile(storage, join(building, TOPIC_FILE), file)
      await storage.rename(building, folder)
      await storage.syncDir(root)
    } catch (error) {
      throw createFailed(spec.name, error)
    }
    const topic = await this.#openTopic(folder, file, {})
    this.#topics.set(topic.name, topic)
    return topic
  }

  async delete(name: string): Promise<Topic> {
    const topic = this.get(name)
    const { storage, root } = this.#options
    this.#topics.delete(name)
    const leaving = join(root, temporaryFolder(topic.id))
    for (const partition of topic.partitions) await partition.close(unknownTopic(name))
    await storage.rename(topic.folder, leaving)
    await storage.syncDir(root)
    await removeTree(storage, leaving)
    return topic
  }

  /** Closes every partition; what it returns belongs into the mark of an orderly close. */
  async close(reason: Error): Promise<CleanEnds> {
    const ends: Record<string, CleanEnd> = {}
    for (const topic of this.#topics.values()) {
      for (const [index, partition] of topic.partitions.entries()) {
        ends[`${topic.id}/${index}`] = await partition.close(reason)
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
      const topic = await this.#openTopic(folder, file, cleanEnds)
      this.#topics.set(topic.name, topic)
    } catch (error) {
      if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
      logger.error({ folder, err: error }, 'topic not opened')
      this.#damaged.set(folderName, error)
    }
  }

  async #openTopic(folder: string, file: TopicFile, cleanEnds: CleanEnds): Promise<Topic> {
    const { storage, logger, metrics } = this.#options
    const partitions: PartitionLog[] = []
    const open = async (partition: number): Promise<void> => {
      const place = { topic: file.name, partition, folder: partitionFolder(folder, partition) }
      const { segmentBytes } = file.config
      const cleanEnd = cleanEnds[`${file.id}/${partition}`]
      const log = await PartitionLog.open({ storage, logger, segmentBytes, ...place }, cleanEnd)
      const tellEnd = (): void =>
        metrics.record('log_end_offset', { topic: file.name, partition }, log.end)
      log.onEnd(tellEnd)
      tellEnd()
      partitions[partition] = log
    }
    for (let first = 0; first < file.partitions; first += OPEN_AT_ONCE) {
      const count = Math.min(OPEN_AT_ONCE, file.partitions - first)
      await Promise.all(Array.from({ length: count }, (_, index) => open(first + index)))
    }
    const { name, id, config } = file
    return { name, id, folder, config, partitions, partitioner: createPartitioner(file.partitions) }
  }
}

const unknownTopic = (topic: string): MillraceError =>
  logError('LOG_UNKNOWN_TOPIC', `there is no topic "${topic}": create it first`, {
    details: { topic },
  })

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

const isCount = (value: number, low: number): boolean => Number.isSafeInteger(value) && value >= low

/** The spec with its defaults. Throws CORE_INVALID_NAME, CORE_INVALID_INPUT. */
function resolveSpec(spec: TopicSpec): Omit<TopicFile, 'id'> {
  const name = checkTopicName(spec.name)
  const partitions = spec.partitions ?? 1
  const config: TopicConfig = { ...DEFAULT_CONFIG, ...spec.config }
  const wrong =
    !isCount(partitions, 1) || partitions > MAX_PARTITIONS
      ? `partitions ${partitions}: use 1 to ${MAX_PARTITIONS}`
      : !isCount(config.retentionMs, -1)
        ? `retentionMs ${config.retentionMs}: use milliseconds, or -1 for ever`
        : !isCount(config.retentionBytes, -1)
          ? `retentionBytes ${config.retentionBytes}: use bytes, or -1 for no bound`
          : !isCount(config.segmentBytes, 1)
            ? `segmentBytes ${config.segmentBytes}: use bytes, at least 1`
            : !isCount(config.tombstoneMs, 0)
              ? `tombstoneMs ${config.tombstoneMs}: use milliseconds, at least 0`
              : undefined
  if (wrong !== undefined) {
    throw coreError('CORE_INVALID_INPUT', `topic "${name}" cannot have ${wrong}`, {
      details: { topic: name },
    })
  }
  return { name, partitions, config }
}

function checkSame(existing: Topic, wanted: Omit<TopicFile, 'id'>): void {
  const differences: string[] = []
  if (existing.partitions.length !== wanted.partitions) {
    differences.push(`partitions ${existing.partitions.length}, not ${wanted.partitions}`)
  }
  for (const key of Object.keys(wanted.config) as (keyof TopicConfig)[]) {
    if (existing.config[key] !== wanted.config[key]) {
      differences.push(`${key} ${existing.config[key]}, not ${wanted.config[key]}`)
    }
  }
  if (differences.length === 0) return
  throw logError(
    'LOG_TOPIC_EXISTS',
    `topic "${wanted.name}" exists with ${differences.join('; ')}: use these settings, or delete it first`,
    { details: { topic: wanted.name } },
  )
}

function createFailed(topic: string, cause: unknown): Error {
  const code = isFull(cause) ? 'LOG_STORAGE_FULL' : 'LOG_STORAGE_FAILED'
  return logError(code, `could not create topic "${topic}": check the disk`, {
    cause,
    retryAfterSeconds: 5,
    details: { topic },
  })
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
