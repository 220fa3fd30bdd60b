/**
 * What the broker must not forget over a restart: the id of its cluster, and which producer ids it has given out. Both are
 * records of one compacted internal topic.
 */
import { INTERNAL_TOPIC_PREFIX, newId, type Clock } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'

const TOPIC = {
  name: `${INTERNAL_TOPIC_PREFIX}broker`,
  config: { cleanup: 'compact', segmentBytes: 1024 * 1024 },
} as const

/** Producer ids that one durable record covers: the rest of a block is lost when the process ends, of 2^53. */
const BLOCK = 1_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The only broker of its cluster. */
export const BROKER_ID = 1

export class BrokerIdentity {
  readonly clusterId: string
  readonly #log: Log
  readonly #clock: Clock
  #next: number
  #reserved: number
  #reserving: Promise<void> | undefined

  private constructor(log: Log, clock: Clock, clusterId: string, firstProducerId: number) {
    this.#log = log
    this.#clock = clock
    this.clusterId = clusterId
    this.#next = firstProducerId
    this.#reserved = firstProducerId
  }

  static async open(log: Log, clock: Clock): Promise<BrokerIdentity> {
    await log.createTopic(TOPIC)
    const values = new Map<string, string>()
    const { earliest } = (await log.topic(TOPIC.name)).partitions[0]!
    for await (const { records } of log.read(TOPIC.name, 0, earliest)) {
      for (const { key, value } of records) {
        if (key !== null && value !== null) values.set(decoder.decode(key), decoder.decode(value))
      }
    }
    // As Kafka's: 22 characters of base64url, which is a UUID.
    const fresh = Buffer.from(newId(clock.now()).replaceAll('-', ''), 'hex').toString('base64url')
    const clusterId = values.get('cluster-id') ?? fresh
    const identity = new BrokerIdentity(
      log,
      clock,
      clusterId,
      Number(values.get('producer-ids') ?? 1),
    )
    if (!values.has('cluster-id')) await identity.#store('cluster-id', clusterId)
    return identity
  }

  /** An id that no producer of this log ever had. */
  async nextProducerId(): Promise<number> {
    while (this.#next >= this.#reserved) {
      this.#reserving ??= this.#reserve().finally(() => (this.#reserving = undefined))
      await this.#reserving
    }
    return this.#next++
  }

  async #reserve(): Promise<void> {
    const end = this.#reserved + BLOCK
    await this.#store('producer-ids', String(end))
    this.#reserved = end
  }

  async #store(key: string, value: string): Promise<void> {
    const record = { key: encoder.encode(key), value: encoder.encode(value), headers: [] }
    await this.#log.append(TOPIC.name, [{ ...record, timestamp: this.#clock.now() }])
  }
}
