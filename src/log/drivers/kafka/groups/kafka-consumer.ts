/** A member of a group that reads: buffers of what was fetched, and the caller's positions. */
import {
  coreError,
  type LogRecord,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { Consumer, ConsumerOptions } from '../../../log.ts'
import type { KafkaCluster } from '../kafka-cluster.ts'
import { listOffsets } from '../list-offsets.ts'
import { GroupBuffers, keyOf, moveTo, type Owned } from './group-buffers.ts'
import { GroupMember, type MemberEvents } from './group-member.ts'
import { fenced } from './group-offsets.ts'

const DEFAULT_MAX_RECORDS = 500
const DEFAULT_TIMEOUT_MS = 1_000
/** Longest time that a broker holds a fetch. */
const LONG_POLL_MS = 500
/** How long a poll without a time-out waits for the brokers' first answers. */
const FIRST_ANSWER_MS = 5_000

export class KafkaConsumer implements Consumer {
  readonly group: string
  readonly #cluster: KafkaCluster
  readonly #options: ConsumerOptions
  readonly #member: GroupMember
  readonly #buffers: GroupBuffers
  #closed: Error | undefined
  #isPolling = false
  #wake: (() => void) | undefined

  constructor(cluster: KafkaCluster, options: ConsumerOptions) {
    this.group = options.group
    this.#cluster = cluster
    this.#options = options
    this.#buffers = new GroupBuffers(cluster)
    const events: MemberEvents = {
      owned: () => this.assignment(),
      revoke: (places) => this.#revoke(places),
      assign: (places) => this.#assign(places),
      lose: () => this.#lose(),
      fail: (error) => this.#end(error),
    }
    this.#member = new GroupMember(cluster, options.group, [...new Set(options.topics)], events)
  }

  get memberId(): string {
    return this.#member.memberId
  }

  async start(): Promise<void> {
    await this.#member.start()
    this.#refuseClosed()
  }

  assignment(): readonly TopicPartition[] {
    return this.#buffers.places()
  }

  async poll(
    options: { maxRecords?: number; timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<readonly LogRecord[]> {
    const { maxRecords = DEFAULT_MAX_RECORDS, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options
    if (this.#isPolling) throw new TypeError('poll was called while another poll is waiting')
    if (!(maxRecords >= 1)) {
      throw coreError('CORE_INVALID_INPUT', `maxRecords ${maxRecords} is not at least 1`)
    }
    this.#isPolling = true
    try {
      const { clock } = this.#cluster.wire
      const deadline = clock.monotonic() + timeoutMs
      const patience = clock.monotonic() + Math.max(timeoutMs, FIRST_ANSWER_MS)
      for (let hasAsked = false; ;) {
        this.#refuseClosed()
        const records = this.#buffers.collect(maxRecords)
        if (records.length > 0) return records
        const now = clock.monotonic()
        if (signal?.aborted === true || now >= (hasAsked ? deadline : patience)) return []
        const left = Math.max(0, deadline - now)
        // The time-out is for new records; what is stored comes with the first answers, whatever it is.
        const { isFresh, answers } = this.#buffers.fetch(Math.min(left, LONG_POLL_MS))
        hasAsked ||= isFresh
        await this.#wait(answers, answers.length === 0 ? left : patience - now, signal)
        if (answers.length === 0) hasAsked = true
      }
    } finally {
      this.#isPolling = false
    }
  }

  position(place: TopicPartition): number {
    return this.#get(place).position
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const owned = this.#get({ topic, partition })
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw coreError('CORE_INVALID_INPUT', `offset ${offset} is not a whole number from 0 on`)
    }
    moveTo(owned, offset)
    this.#wake?.()
  }

  async commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    this.#refuseClosed()
    for (const place of offsets) await this.#checkCommit(place)
    if (offsets.length === 0) return
    const known = offsets.map((one) => {
      return { ...one, leaderEpoch: this.#get(one).seen.before(one.offset) }
    })
    await this.#member.commit(known)
  }

  /** A topic is gone: its partitions leave. */
  dropTopic(topic: string): void {
    for (const place of this.assignment()) if (place.topic === topic) this.#buffers.drop(place)
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return
    const message = `the consumer ${this.memberId} is closed: open another one`
    await this.closeWith(logError('LOG_CLOSED', message))
  }

  /** The log closes: polls that wait end with its reason. */
  async closeWith(reason: Error): Promise<void> {
    if (this.#closed !== undefined) return
    this.#end(reason)
    await this.#member.close()
    await this.#buffers.close()
  }

  #end(reason: Error): void {
    this.#closed ??= reason
    this.#buffers.clear()
    this.#wake?.()
  }

  #refuseClosed(): void {
    if (this.#closed !== undefined) throw this.#closed
  }

  #get(place: TopicPartition): Owned {
    this.#refuseClosed()
    const owned = this.#buffers.get(place)
    if (owned !== undefined) return owned
    throw fenced(this.group, this.memberId, place)
  }

  async #checkCommit({ topic, partition, offset }: TopicPartitionOffset): Promise<void> {
    const owned = this.#get({ topic, partition })
    if (Number.isSafeInteger(offset) && offset >= 0) {
      if (offset <= owned.end) return
      const found = await listOffsets(this.#cluster, [{ topic, partition, at: 'end' }])
      owned.end = found.get(keyOf(owned)) ?? 0
      if (offset <= owned.end) return
    }
    throw coreError(
      'CORE_INVALID_INPUT',
      `offset ${offset} cannot be committed for topic "${topic}", partition ${partition}: use 0 to ${owned.end}`,
      { details: { group: this.group, topic, partition, offset, end: owned.end } },
    )
  }

  async #revoke(places: readonly TopicPartition[]): Promise<void> {
    const { clock, options } = this.#cluster.wire
    const { onRevoked } = this.#options
    for (const place of places) this.#buffers.finish(place)
    if (onRevoked !== undefined && this.#closed === undefined) {
      const timeIsUp = new AbortController()
      const facts = { group: this.group, member: this.memberId }
      const finished = onRevoked(places).catch((error: unknown) => {
        this.#cluster.logger.error({ ...facts, err: error }, 'onRevoked failed')
      })
      const limit = clock.sleep(options.rebalanceTimeoutMs, timeIsUp.signal).catch(() => {})
      await Promise.race([finished, limit])
      timeIsUp.abort()
    }
    for (const place of places) this.#buffers.drop(place)
  }

  async #lose(): Promise<void> {
    const partitions = this.#buffers.places().length
    const facts = { group: this.group, member: this.memberId, partitions }
    if (partitions > 0) {
      this.#cluster.logger.warn(facts, 'the membership was lost: its partitions have other owners')
    }
    this.#buffers.clear()
  }

  async #assign(places: readonly TopicPartition[]): Promise<void> {
    const committed = await this.#member.committed(places)
    const fresh = places.filter((place) => !committed.has(keyOf(place)))
    const at = this.#options.from === 'earliest' ? 'earliest' : 'end'
    const first = await listOffsets(
      this.#cluster,
      fresh.map((place) => ({ ...place, at })),
    )
    if (this.#closed !== undefined) return
    for (const place of places) {
      const key = keyOf(place)
      const { offset, leaderEpoch } = committed.get(key) ?? {}
      this.#buffers.add(place, offset ?? first.get(key) ?? 0, leaderEpoch)
    }
    this.#wake?.()
    const { onAssigned } = this.#options
    await onAssigned?.(places).catch((error: unknown) => {
      this.#cluster.logger.error({ err: error, group: this.group }, 'onAssigned failed')
    })
  }

  /** Until one of the fetches has an answer, something changed, or the time is over. */
  #wait(
    answers: readonly Promise<void>[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal?.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const cancel = this.#cluster.wire.clock.after(Math.max(0, timeoutMs), done)
      signal?.addEventListener('abort', done, { once: true })
      this.#wake = done
      // With answers of several brokers the first one with records is enough; without any, all must have come.
      if (answers.length > 0) void Promise.all(answers).then(done, done)
      for (const answer of answers) void answer.then(() => this.#buffers.hasNews() && done())
      if (this.#closed !== undefined || signal?.aborted === true || this.#buffers.hasNews()) done()
    })
  }
}
