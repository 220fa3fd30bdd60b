/** The `Log` on an Apache Kafka cluster: a short list of calls to the files beside this one. */
import {
  coreError,
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
  LogCluster,
  ReadOptions,
  RecordBatch,
  TopicInfo,
  TopicSpec,
} from '../../log.ts'
import { appendRecords, keepKeys, takeRecords } from './append-records.ts'
import { createClusterHealth } from './cluster-health.ts'
import { GroupAdmin } from './groups/group-admin.ts'
import { checkGroupName } from './groups/group-offsets.ts'
import { KafkaConsumer } from './groups/kafka-consumer.ts'
import { KafkaCluster, type KafkaTopic } from './kafka-cluster.ts'
import { surelyUnstored } from './kafka-errors.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { KafkaWire, type Lane } from './kafka-wire.ts'
import { listOffsets } from './list-offsets.ts'
import { PartitionProducer } from './partition-producer.ts'
import { readPartition } from './read-partition.ts'
import { TopicAdmin } from './topic-admin.ts'

export interface KafkaLogOptions {
  readonly kafka: KafkaOptions
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Largest record value, bytes. */
  readonly recordBytes: number
}

/** Resolves when a broker has answered. Throws LOG_UNREACHABLE, LOG_ACCESS_DENIED. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<Log> {
  const wire = new KafkaWire(options.kafka, options.clock)
  try {
    const cluster = new KafkaCluster(wire, options.logger)
    await wire.retry('open the log', () => cluster.metadata([]))
    return new KafkaLog(options, wire, cluster)
  } catch (error) {
    await wire.close()
    throw error
  }
}

class KafkaLog implements Log {
  readonly cluster: LogCluster
  readonly #options: KafkaLogOptions
  readonly #wire: KafkaWire
  readonly #cluster: KafkaCluster
  readonly #topics: TopicAdmin
  readonly #groups: GroupAdmin
  readonly #produceLane: Lane
  readonly #producers = new Map<string, PartitionProducer>()
  readonly #consumers = new Set<KafkaConsumer>()
  readonly #appends = new Set<Promise<unknown>>()
  readonly #closer = new AbortController()
  #closing: Promise<void> | undefined

  constructor(options: KafkaLogOptions, wire: KafkaWire, cluster: KafkaCluster) {
    this.#options = options
    this.#wire = wire
    this.#cluster = cluster
    this.cluster = createClusterHealth(cluster)
    this.#topics = new TopicAdmin(cluster, options.recordBytes)
    this.#groups = new GroupAdmin(cluster)
    this.#produceLane = wire.openLane()
  }

  async createTopic(spec: TopicSpec): Promise<TopicInfo> {
    this.#refuseClosed()
    return this.#topics.create(spec)
  }

  async addPartitions(name: string, partitions: number): Promise<TopicInfo> {
    this.#refuseClosed()
    return this.#topics.addPartitions(name, partitions)
  }

  async deleteTopic(name: string): Promise<void> {
    this.#refuseClosed()
    await this.#topics.delete(name)
    for (const key of this.#producers.keys()) {
      if (key.startsWith(`${name}/`)) this.#producers.delete(key)
    }
    for (const consumer of this.#consumers) consumer.dropTopic(name)
  }

  async topics(): Promise<readonly TopicInfo[]> {
    this.#refuseClosed()
    return this.#topics.all()
  }

  async topic(name: string): Promise<TopicInfo> {
    this.#refuseClosed()
    return this.#topics.one(name)
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    this.#refuseClosed()
    // Before the first await: the caller may use its buffers again.
    const taken = takeRecords(topic, records, this.#options.recordBytes)
    const known = this.#cluster.peek(topic)
    const kept = known === undefined ? keepKeys(taken) : taken
    const started = this.#options.clock.monotonic()
    const run = async (): Promise<readonly Appended[]> => {
      const found = known ?? (await this.#lookUp(topic))
      return appendRecords(found, kept, (partition, encoded) =>
        this.#producer(topic, partition).append(encoded),
      )
    }
    const appending = run()
    this.#appends.add(appending)
    try {
      const appended = await appending
      const seconds = (this.#options.clock.monotonic() - started) / 1_000
      this.#options.metrics.record('log_append_duration_seconds', {}, seconds)
      return appended
    } finally {
      this.#appends.delete(appending)
    }
  }

  async *read(
    topic: string,
    partition: number,
    from: number,
    options: ReadOptions = {},
  ): AsyncGenerator<RecordBatch> {
    this.#refuseClosed()
    const signals = [this.#closer.signal, ...(options.signal === undefined ? [] : [options.signal])]
    const signal = AbortSignal.any(signals)
    yield* readPartition(this.#cluster, { topic, partition, from }, { ...options, signal })
    if (options.signal?.aborted !== true) this.#refuseClosed()
  }

  async offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number> {
    this.#refuseClosed()
    this.#cluster.partition(await this.#cluster.topic(topic), partition)
    const key = `${topic}/${partition}`
    const at = await listOffsets(this.#cluster, [{ topic, partition, at: timestampMs }])
    const found = at.get(key)
    if (found !== undefined) return found
    const end = await listOffsets(this.#cluster, [{ topic, partition, at: 'end' }])
    return end.get(key) ?? 0
  }

  async consumer(options: ConsumerOptions): Promise<Consumer> {
    this.#refuseClosed()
    checkGroupName(options.group)
    for (const topic of options.topics) await this.#cluster.topic(topic)
    const consumer = new KafkaConsumer(this.#cluster, options)
    this.#consumers.add(consumer)
    try {
      await consumer.start()
      return consumer
    } catch (error) {
      this.#consumers.delete(consumer)
      await consumer.close()
      throw error
    }
  }

  async groups(): Promise<readonly GroupInfo[]> {
    this.#refuseClosed()
    return this.#groups.all()
  }

  async resetGroup(group: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    this.#refuseClosed()
    await this.#groups.reset(group, offsets)
  }

  async deleteGroup(group: string): Promise<void> {
    this.#refuseClosed()
    await this.#groups.delete(group)
  }

  /**
   * Kafka's retention asks nobody: what a holder needs must be kept by the topic's own settings. That the topic stays the
   * one that it was is watched.
   */
  hold(_holder: string, position: TopicPartitionOffset): void {
    this.#refuseClosed()
    if (Number.isSafeInteger(position.offset) && position.offset >= 0) {
      this.#cluster.hold(position.topic)
      return
    }
    throw coreError('CORE_INVALID_INPUT', `offset ${position.offset} cannot be held: use 0 or more`)
  }

  /** The brokers clean by themselves. */
  async clean(): Promise<void> {
    this.#refuseClosed()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closed = logError('LOG_CLOSED', 'the log is closed: open it again')
    this.#closer.abort(closed)
    const leaving = [...this.#consumers].map((consumer) => consumer.closeWith(closed))
    await Promise.allSettled([...this.#appends, ...leaving])
    await this.#wire.close()
  }

  async #lookUp(topic: string): Promise<KafkaTopic> {
    try {
      return await this.#cluster.topic(topic)
    } catch (error) {
      throw surelyUnstored(error)
    }
  }

  #producer(topic: string, partition: number): PartitionProducer {
    const key = `${topic}/${partition}`
    let producer = this.#producers.get(key)
    if (producer === undefined) {
      producer = new PartitionProducer(this.#cluster, this.#produceLane, topic, partition)
      this.#producers.set(key, producer)
    }
    return producer
  }

  #refuseClosed(): void {
    if (this.#closing === undefined) return
    throw logError('LOG_CLOSED', 'the log is closed: open it again')
  }
}
