/** What the driver knows of the cluster: brokers, topics with their leaders and settings, coordinators; kept for a while. */
import type { metadataV12 } from '@platformatic/kafka'
import type { Logger } from '../../../core/index.ts'
import { logError } from '../../errors.ts'
import type { PartitionPlacement } from '../../log.ts'
import { createPartitioner, type Partitioner } from '../../partitioner.ts'
import { BrokerError, isPassing, PROTOCOL } from './kafka-errors.ts'
import type { BrokerAddress } from './kafka-options.ts'
import type { KafkaWire, Lane } from './kafka-wire.ts'
import { describe } from './protocol/produce-request.ts'
import { fromKafkaConfig, type KafkaTopicConfig } from './topic-config.ts'

type MetadataAnswer = metadataV12.MetadataResponse
type MetadataTopic = metadataV12.MetadataResponseTopic

export interface KafkaPartition {
  readonly partition: number
  /** Undefined while there is no leader. */
  readonly leader: BrokerAddress | undefined
  readonly placement: PartitionPlacement
}

export interface KafkaTopic extends KafkaTopicConfig {
  readonly name: string
  readonly id: string
  readonly partitions: readonly KafkaPartition[]
  readonly partitioner: Partitioner
}

interface Cached {
  readonly topic: KafkaTopic
  readonly until: number
}

const TOPIC_RESOURCE = 2
const GROUP_KEY = 0
/** A topic that was just made may not be known to every broker yet. */
const UNKNOWN_FOR_MS = 3_000

export class KafkaCluster {
  readonly wire: KafkaWire
  readonly logger: Logger
  readonly #lane: Lane
  readonly #topics = new Map<string, Cached>()
  readonly #looking = new Map<string, Promise<KafkaTopic>>()
  readonly #coordinators = new Map<string, BrokerAddress>()
  /** Until when a topic that brokers do not know counts as new (monotonic). */
  readonly #fresh = new Map<string, number>()
  /** Ids of topics whose offsets this process has stored elsewhere. */
  readonly #held = new Map<string, string>()
  /** By `topic/partition` of held topics: where a log that lost its end does not have any more what was read of it. */
  readonly #truncated = new Map<string, { readonly divergesAt: number; readonly error: Error }>()

  constructor(wire: KafkaWire, logger: Logger) {
    this.wire = wire
    this.logger = logger
    this.#lane = wire.openLane()
  }

  /** Requests about the cluster itself, with retries. */
  get lane(): Lane {
    return this.#lane
  }

  /**
   * From the cache while it is young. Throws LOG_UNKNOWN_TOPIC, LOG_TOPIC_REPLACED, LOG_UNREACHABLE, LOG_ACCESS_DENIED.
   */
  async topic(name: string): Promise<KafkaTopic> {
    const cached = this.#topics.get(name)
    if (cached !== undefined && cached.until > this.wire.clock.monotonic()) return cached.topic
    let looking = this.#looking.get(name)
    if (looking === undefined) {
      looking = this.#look(name).finally(() => this.#looking.delete(name))
      this.#looking.set(name, looking)
    }
    return looking
  }

  /** The cached topic, so that an append needs no turn of the event loop. */
  peek(name: string): KafkaTopic | undefined {
    const cached = this.#topics.get(name)
    return cached !== undefined && cached.until > this.wire.clock.monotonic()
      ? cached.topic
      : undefined
  }

  /** Leaders moved, partitions came, the topic went: look again when it is next needed. */
  forget(name: string): void {
    this.#topics.delete(name)
  }

  /** A broker does not know the topic: throws LOG_UNKNOWN_TOPIC when it is gone, else a passing error. */
  async refresh(name: string): Promise<never> {
    this.forget(name)
    await this.topic(name)
    throw new BrokerError(5, 'LEADER_NOT_AVAILABLE', describe(5))
  }

  /** The topic was just made: brokers that do not know it yet are asked again. */
  expect(name: string): void {
    this.#fresh.set(name, this.wire.clock.monotonic() + UNKNOWN_FOR_MS)
  }

  unexpect(name: string): void {
    this.#fresh.delete(name)
  }

  /**
   * Offsets of the topic are kept outside the cluster from now on: one of the same name that others make later is another
   * topic, and nothing is read of it or appended to it.
   */
  hold(name: string): void {
    const id = this.#topics.get(name)?.topic.id
    if (id !== undefined && !this.#held.has(name)) this.#held.set(name, id)
  }

  /** This process itself deleted the topic. */
  release(name: string): void {
    this.#held.delete(name)
    for (const key of this.#truncated.keys()) {
      if (key.startsWith(`${name}/`)) this.#truncated.delete(key)
    }
  }

  /** The log has other records from `divergesAt` on than those that a reader has seen up to `reached`: LOG_TRUNCATED. */
  truncated(topic: string, partition: number, divergesAt: number, reached: number): Error {
    const error = truncated(topic, partition, divergesAt, reached)
    const key = `${topic}/${partition}`
    const known = this.#truncated.get(key)
    const isLower = known === undefined || divergesAt < known.divergesAt
    if (this.#held.has(topic) && isLower) this.#truncated.set(key, { divergesAt, error })
    return error
  }

  /** Who reads on where a held topic was once read before would skip what is new below. Throws LOG_TRUNCATED. */
  refuseTruncated(topic: string, partition: number, from: number): void {
    const known = this.#truncated.get(`${topic}/${partition}`)
    if (known !== undefined && from > known.divergesAt) throw known.error
  }

  /** The topic is held, and has another id by now. */
  isReplaced(name: string, id: string): boolean {
    const held = this.#held.get(name)
    return held !== undefined && held !== id
  }

  partition(topic: KafkaTopic, partition: number): KafkaPartition {
    const found = topic.partitions[partition]
    if (found !== undefined) return found
    throw logError(
      'LOG_UNKNOWN_PARTITION',
      `topic "${topic.name}" has no partition ${partition}: use 0 to ${topic.partitions.length - 1}`,
      { details: { topic: topic.name, partition } },
    )
  }

  /** The leader of a partition now; throws a passing error while there is none. */
  async leader(name: string, partition: number): Promise<BrokerAddress> {
    const topic = await this.topic(name)
    const { leader } = this.partition(topic, partition)
    if (leader !== undefined) return leader
    this.forget(name)
    throw new BrokerError(5, 'LEADER_NOT_AVAILABLE', describe(5))
  }

  async metadata(
    topics: readonly string[] | null,
    lane: Lane = this.#lane,
  ): Promise<MetadataAnswer> {
    // Names with errors come back as errors of the whole answer; the answer itself is in `response`.
    const answer = await lane
      .send(undefined, 'Metadata', topics === null ? null : [...topics], false, false)
      .catch((error: unknown) => {
        const { response } = error as { response?: MetadataAnswer }
        if (response?.topics === undefined) throw error
        return response
      })
    this.wire.learnBrokers(answer.brokers)
    return answer
  }

  /** The broker that keeps a group. */
  async coordinator(group: string): Promise<BrokerAddress> {
    const known = this.#coordinators.get(group)
    if (known !== undefined) return known
    const { coordinators } = await this.#lane.send(undefined, 'FindCoordinator', GROUP_KEY, [group])
    const found = coordinators.find(({ key }) => key === group)
    if (found === undefined || found.errorCode !== 0) {
      const code = found?.errorCode ?? PROTOCOL.COORDINATOR_NOT_AVAILABLE
      throw new BrokerError(code, 'COORDINATOR_NOT_AVAILABLE', describe(code))
    }
    const address = { host: found.host, port: found.port }
    this.#coordinators.set(group, address)
    return address
  }

  forgetCoordinator(group: string): void {
    this.#coordinators.delete(group)
  }

  /** Settings of topics; those of Kafka's defaults for topics whose settings may not be read. */
  async configs(names: readonly string[]): Promise<ReadonlyMap<string, KafkaTopicConfig>> {
    const resources = names.map((resourceName) => ({
      resourceType: TOPIC_RESOURCE as never,
      resourceName,
      configurationKeys: null,
    }))
    try {
      const { results } = await this.#lane.send(
        undefined,
        'DescribeConfigs',
        resources,
        false,
        false,
      )
      return new Map(
        results.map(({ resourceName, configs }) => [resourceName, fromKafkaConfig(configs)]),
      )
    } catch (error) {
      if (isPassing(error)) throw error
      this.logger.debug({ err: error }, 'settings of topics cannot be read: Kafka’s defaults hold')
      return new Map()
    }
  }

  toTopic(
    found: MetadataTopic,
    brokers: MetadataAnswer['brokers'],
    config: KafkaTopicConfig,
  ): KafkaTopic {
    const byId = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    const partitions = found.partitions
      .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      .map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
        partition: partitionIndex,
        leader: byId.get(leaderId),
        placement: { leader: leaderId, replicas: replicaNodes, inSync: isrNodes },
      }))
    const name = found.name ?? ''
    const before = this.#topics.get(name)?.topic
    const isSame = before?.id === found.topicId && before.partitions.length === partitions.length
    const partitioner = isSame ? before.partitioner : createPartitioner(partitions.length)
    return { ...config, name, id: found.topicId, partitions, partitioner }
  }

  async #look(name: string): Promise<KafkaTopic> {
    const topic = await this.wire.retry(`look up topic "${name}"`, async () => {
      const { brokers, topics } = await this.metadata([name])
      const found = topics.find((one) => one.name === name)
      const code = found?.errorCode ?? PROTOCOL.UNKNOWN_TOPIC_OR_PARTITION
      if (found === undefined || code === PROTOCOL.UNKNOWN_TOPIC_OR_PARTITION) {
        const isFresh = (this.#fresh.get(name) ?? 0) > this.wire.clock.monotonic()
        if (isFresh) throw new BrokerError(5, 'LEADER_NOT_AVAILABLE', describe(5))
        throw unknownTopic(name)
      }
      if (code !== 0) throw new BrokerError(code, describe(code), describe(code))
      if (this.isReplaced(name, found.topicId)) throw replaced(name)
      const config = (await this.configs([name])).get(name) ?? fromKafkaConfig([])
      return this.toTopic(found, brokers, config)
    })
    const until = this.wire.clock.monotonic() + this.wire.options.metadataMaxAgeMs
    this.#topics.set(name, { topic, until })
    return topic
  }
}

const replaced = (name: string): Error =>
  logError(
    'LOG_TOPIC_REPLACED',
    `topic "${name}" was deleted and made again by others, so its offsets are those of other records: start with a new data folder and another application.id`,
    { details: { topic: name } },
  )

function truncated(topic: string, partition: number, from: number, reached: number): Error {
  const lost = Math.max(0, reached - from)
  return logError(
    'LOG_TRUNCATED',
    `topic "${topic}", partition ${partition}: ${lost} records that were read, offsets ${from} to ${reached - 1}, are not in the log any more, which goes on with others at ${from} (its broker lost its last writes): seek to ${from} to read those; tables and features that have the lost ones start with a new data folder and another application.id`,
    { details: { topic, partition, from, reached, lost } },
  )
}

export const unknownTopic = (name: string): Error =>
  logError('LOG_UNKNOWN_TOPIC', `there is no topic "${name}": create it first`, {
    details: { topic: name },
  })
