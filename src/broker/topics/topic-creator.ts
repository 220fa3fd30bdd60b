/** Topics that clients ask for: created on first use (design D17), or with settings by an admin, within the limits. */
import { isMillraceError, type Logger } from '../../core/index.ts'
import { defaultTopicConfig, type Log, type TopicInfo, type TopicSpec } from '../../log/index.ts'
import type { BrokerLimits, TopicContracts } from '../broker.ts'
import { kafkaError, refusalOf, type Refusal } from '../protocol/kafka-errors.ts'
import { isOwnTopic } from './own-topics.ts'

export interface TopicCreatorOptions {
  readonly log: Log
  readonly logger: Logger
  readonly limits: BrokerLimits
  readonly contracts: TopicContracts
  readonly autoCreate: boolean
}

const refusal = (code: number, message: string): { readonly refusal: Refusal } => ({
  refusal: { code, message },
})

export type FoundTopic = { readonly topic: TopicInfo } | { readonly refusal: Refusal }

export class TopicCreator {
  readonly #options: TopicCreatorOptions

  constructor(options: TopicCreatorOptions) {
    this.#options = options
  }

  /** The topic; made when `mayCreate` and the setting allow it. */
  async find(name: string, mayCreate: boolean): Promise<FoundTopic> {
    const { log, logger, autoCreate } = this.#options
    try {
      return { topic: await log.topic(name) }
    } catch (error) {
      const isMissing = isMillraceError(error, 'LOG_UNKNOWN_TOPIC')
      if (!isMissing || !mayCreate || !autoCreate) return { refusal: refusalOf(error) }
    }
    const created = await this.create({ name, partitions: 1 })
    if ('topic' in created) logger.info({ topic: name }, 'topic created on first use by a client')
    // Two clients may name a new topic at the same moment.
    const isThere = 'refusal' in created && created.refusal.code === kafkaError.TOPIC_ALREADY_EXISTS
    return isThere ? this.find(name, false) : created
  }

  /** A new topic by an admin's settings; `validateOnly` only says whether it could be made. */
  async create(spec: TopicSpec, validateOnly = false): Promise<FoundTopic> {
    const { log, limits, contracts } = this.#options
    const { name, partitions = 1 } = spec
    if (isOwnTopic(name)) {
      return refusal(kafkaError.INVALID_TOPIC_EXCEPTION, `topic "${name}" has a reserved name`)
    }
    try {
      const topics = await log.topics()
      if (topics.some((topic) => topic.name === name)) {
        return refusal(kafkaError.TOPIC_ALREADY_EXISTS, `topic "${name}" already exists`)
      }
      const reason = contracts.refuseChange?.(name)
      if (reason !== undefined) return refusal(kafkaError.POLICY_VIOLATION, reason)
      const all = topics.reduce((sum, topic) => sum + topic.partitions.length, 0)
      if (topics.length >= limits.topics || all + partitions > limits.partitions) {
        const message = `no more than ${limits.topics} topics and ${limits.partitions} partitions: delete some`
        return refusal(kafkaError.POLICY_VIOLATION, message)
      }
      if (validateOnly) return { topic: notMade(spec) }
      return { topic: await log.createTopic(spec) }
    } catch (error) {
      return { refusal: refusalOf(error) }
    }
  }
}

/** What the answer to a dry run shows. */
const notMade = ({ name, partitions = 1, config }: TopicSpec): TopicInfo => ({
  name,
  config: { ...defaultTopicConfig, ...config },
  partitions: Array.from({ length: partitions }, (_, partition) => ({
    partition,
    earliest: 0,
    end: 0,
    bytes: 0,
    segments: 0,
  })),
})
