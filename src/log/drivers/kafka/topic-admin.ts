/** Creating, deleting and describing topics. */
import { checkTopicName, coreError, isDeadLetterTopic } from '../../../core/index.ts'
import { logError } from '../../errors.ts'
import type { PartitionInfo, TopicInfo, TopicSpec } from '../../log.ts'
import { brokerFault, BrokerError, PROTOCOL } from './kafka-errors.ts'
import { unknownTopic, type KafkaCluster, type KafkaTopic } from './kafka-cluster.ts'
import { listOffsets, type OffsetQuery } from './list-offsets.ts'
import { describe } from './protocol/produce-request.ts'
import { fromKafkaConfig, resolveConfig, TIMESTAMP_BOUNDS, toKafkaConfig } from './topic-config.ts'

const MAX_PARTITIONS = 1_000
/** P1 of a cluster: this many copies, and all but one of them before an acknowledgement. */
export const SAFE_COPIES = 3
/** Key, headers and the batch's own header beside a value of the limit. */
const BATCH_OVERHEAD_BYTES = 128 * 1024
/** Letters hold what other clients wrote: as much as brokers take in one request (`socket.request.max.bytes`), less its frame. */
const LETTER_BYTES = 99 * 1024 * 1024

export class TopicAdmin {
  readonly #cluster: KafkaCluster
  readonly #recordBytes: number

  constructor(cluster: KafkaCluster, recordBytes: number) {
    this.#cluster = cluster
    this.#recordBytes = recordBytes
  }

  async create(spec: TopicSpec): Promise<TopicInfo> {
    const { wire } = this.#cluster
    const { partitions = 1 } = spec
    checkTopicName(spec.name)
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
      throw coreError(
        'CORE_INVALID_INPUT',
        `${partitions} partitions for topic "${spec.name}": use 1 to ${MAX_PARTITIONS}`,
        { details: { topic: spec.name, partitions } },
      )
    }
    const config = resolveConfig(spec.config)
    let isRetry = false
    const isNew = await wire.retry(
      `create topic "${spec.name}"`,
      () =>
        this.#send(spec.name, partitions, config).catch((error: unknown) => {
          if (brokerFault(error)?.code === PROTOCOL.TOPIC_ALREADY_EXISTS) return isRetry
          throw error
        }),
      { onRetry: () => (isRetry = true) },
    )
    this.#cluster.forget(spec.name)
    if (isNew) this.#cluster.expect(spec.name)
    const topic = await this.#whole(spec.name)
    if (!isNew) checkSame(topic, partitions, spec.config === undefined ? undefined : config)
    const [info] = await this.#describe([topic])
    return info!
  }

  async addPartitions(name: string, count: number): Promise<TopicInfo> {
    const { wire, lane } = this.#cluster
    this.#cluster.forget(name)
    const { partitions } = await this.#cluster.topic(name)
    if (!Number.isInteger(count) || count <= partitions.length || count > MAX_PARTITIONS) {
      throw coreError(
        'CORE_INVALID_INPUT',
        `topic "${name}" has ${partitions.length} partitions and cannot have ${count}: use ${partitions.length + 1} to ${MAX_PARTITIONS}`,
        { details: { topic: name, partitions: count } },
      )
    }
    let isRetry = false
    const ask = { name, count }
    await wire.retry(
      `add partitions to topic "${name}"`,
      () =>
        lane
          .send(undefined, 'CreatePartitions', [ask], wire.options.requestTimeoutMs, false)
          .catch((error: unknown) => {
            // The answer to an earlier try was lost.
            const isDone = brokerFault(error)?.code === PROTOCOL.INVALID_PARTITIONS
            if (!isRetry || !isDone) throw error
          }),
      { onRetry: () => (isRetry = true) },
    )
    this.#cluster.forget(name)
    const [info] = await this.#describe([await this.#whole(name, count)])
    return info!
  }

  async delete(name: string): Promise<void> {
    const { wire, lane } = this.#cluster
    await wire.retry(`delete topic "${name}"`, async () => {
      try {
        await lane.send(
          undefined,
          'DeleteTopics',
          [{ name, topicId: null }],
          wire.options.requestTimeoutMs,
        )
      } catch (error) {
        if (brokerFault(error)?.code === PROTOCOL.UNKNOWN_TOPIC_OR_PARTITION)
          throw unknownTopic(name)
        throw error
      }
    })
    this.#cluster.unexpect(name)
    this.#cluster.release(name)
    this.#cluster.forget(name)
    // The answer comes before every broker has let go of it.
    await wire.retry(`delete topic "${name}"`, async () => {
      const { topics } = await this.#cluster.metadata([name])
      const isThere = topics.some((one) => one.name === name && one.errorCode === 0)
      if (isThere) throw new BrokerError(7, 'REQUEST_TIMED_OUT', 'it is still there')
    })
  }

  async all(): Promise<readonly TopicInfo[]> {
    return this.#cluster.wire.retry('list topics', async () => {
      const { brokers, topics } = await this.#cluster.metadata(null)
      const visible = topics.filter(
        ({ isInternal, name, errorCode }) => !isInternal && name !== null && errorCode === 0,
      )
      if (visible.length === 0) return []
      const configs = await this.#cluster.configs(visible.map(({ name }) => name ?? ''))
      return this.#describe(
        visible
          .map((one) =>
            this.#cluster.toTopic(one, brokers, configs.get(one.name ?? '') ?? fromKafkaConfig([])),
          )
          .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      )
    })
  }

  async one(name: string): Promise<TopicInfo> {
    this.#cluster.forget(name)
    const topic = await this.#cluster.topic(name)
    const [info] = await this.#describe([topic])
    return info!
  }

  async #send(name: string, numPartitions: number, config: TopicInfo['config']): Promise<boolean> {
    const { wire, lane } = this.#cluster
    const { brokers } = await this.#cluster.metadata([])
    const replicationFactor =
      wire.options.replicationFactor ?? Math.min(SAFE_COPIES, Math.max(1, brokers.length))
    const minInsync = replicationFactor >= SAFE_COPIES ? replicationFactor - 1 : undefined
    const configured = (maxMessageBytes: number) =>
      toKafkaConfig(config, { maxMessageBytes, minInsync })
    const recordBytes = this.#recordBytes + BATCH_OVERHEAD_BYTES
    const request = (configs: ReturnType<typeof configured>) =>
      lane.send(
        undefined,
        'CreateTopics',
        [
          {
            name,
            numPartitions,
            replicationFactor,
            assignments: [],
            configs,
          },
        ],
        wire.options.requestTimeoutMs,
        false,
      )
    try {
      const most = isDeadLetterTopic(name) ? LETTER_BYTES : recordBytes
      await request([...configured(most), ...TIMESTAMP_BOUNDS])
    } catch (error) {
      const INVALID_CONFIG = 40
      if (brokerFault(error)?.code !== INVALID_CONFIG) throw error
      await request(configured(recordBytes))
    }
    return true
  }

  /** Waits until every partition, and at least so many, has a leader. */
  #whole(name: string, atLeast = 1): Promise<KafkaTopic> {
    return this.#cluster.wire.retry(`look up topic "${name}"`, async () => {
      const topic = await this.#cluster.topic(name)
      if (
        topic.partitions.length >= atLeast &&
        topic.partitions.every(({ leader }) => leader !== undefined)
      )
        return topic
      this.#cluster.forget(name)
      throw new BrokerError(5, 'LEADER_NOT_AVAILABLE', describe(5))
    })
  }

  async #describe(topics: readonly KafkaTopic[]): Promise<readonly TopicInfo[]> {
    const places = topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partition }) => ({ topic: name, partition })),
    )
    const ask = (at: OffsetQuery['at']): Promise<ReadonlyMap<string, number>> =>
      listOffsets(
        this.#cluster,
        places.map((place) => ({ ...place, at })),
      )
    const [earliest, end] = await Promise.all([ask('earliest'), ask('end')])
    return topics.map(({ name, id, config, partitions }) => ({
      name,
      id,
      config,
      partitions: partitions.map(({ partition, placement }): PartitionInfo => {
        const key = `${name}/${partition}`
        // Sizes and segments are the brokers' own business; Kafka does not tell every client.
        return {
          partition,
          earliest: earliest.get(key) ?? 0,
          end: end.get(key) ?? 0,
          bytes: 0,
          segments: 1,
          placement,
        }
      }),
    }))
  }
}

function checkSame(
  topic: KafkaTopic,
  partitions: number,
  config: TopicInfo['config'] | undefined,
): void {
  const differences: string[] = []
  if (topic.partitions.length !== partitions) {
    differences.push(`partitions ${topic.partitions.length}, wanted ${partitions}`)
  }
  for (const [name, wanted] of Object.entries(config ?? {})) {
    const actual = topic.config[name as keyof TopicInfo['config']]
    if (actual !== wanted) differences.push(`${name} ${actual}, wanted ${wanted}`)
  }
  if (differences.length === 0) return
  throw logError(
    'LOG_TOPIC_EXISTS',
    `topic "${topic.name}" exists with other settings (${differences.join('; ')}): declare it so, or delete it`,
    { details: { topic: topic.name, differences } },
  )
}
