/**
 * One consumer group: who its members are and which of them owns which partition.
 *
 * A rebalance takes four steps, one rebalance at a time:
 * 1. members that lose partitions are told (`onRevoked`) and may still commit them;
 * 2. the partitions are taken away: from here on a commit of the old owner is fenced;
 * 3. commits that were under way are waited for, so none can land after one of the new owner;
 * 4. the new owners begin at the committed offsets and are told (`onAssigned`).
 */
import type {
  Clock,
  Logger,
  Metrics,
  TopicPartition,
  TopicPartitionOffset,
} from '../../../../core/index.ts'
import { coreError } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { ConsumerOptions } from '../../../log.ts'
import { GroupConsumer } from './group-consumer.ts'
import type { GroupOffsets } from './group-offsets.ts'
import { assignRange } from './range-assignor.ts'
import type { TopicStore } from '../folder/topic-store.ts'

export interface GroupContext {
  readonly topics: TopicStore
  readonly offsets: GroupOffsets
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/** How long a member may take to finish what is under way before its partitions go on without it, milliseconds. */
const REVOKE_TIMEOUT_MS = 60_000

export class ConsumerGroup {
  readonly name: string
  readonly #context: GroupContext
  readonly #commits = new Set<Promise<void>>()
  #members: GroupConsumer[] = []
  #rebalancing: Promise<void> = Promise.resolve()
  #joined = 0

  constructor(name: string, context: GroupContext) {
    this.name = name
    this.#context = context
  }

  get members(): readonly GroupConsumer[] {
    return this.#members
  }

  /** Resolves when the new member has its partitions. */
  async join(options: ConsumerOptions): Promise<GroupConsumer> {
    const { clock, logger } = this.#context
    const memberId = `${this.name}-${++this.#joined}`
    const member = new GroupConsumer(memberId, options, { clock, logger, membership: this })
    // A rebalance that is under way keeps its own list; this member's follows it.
    this.#members = [...this.#members, member]
    await this.rebalance()
    return member
  }

  async leave(member: GroupConsumer): Promise<void> {
    this.#members = this.#members.filter((other) => other !== member)
    await this.#commitsSettled()
    // The others take over by themselves; whoever leaves does not wait for their callbacks.
    void this.rebalance()
  }

  /** Ends every member: the log closes. */
  async end(reason: Error): Promise<void> {
    const members = this.#members
    this.#members = []
    for (const member of members) member.end(reason)
    await this.#commitsSettled()
  }

  async commit(member: GroupConsumer, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    for (const place of offsets) this.#checkCommit(member, place)
    const group = this.name
    const work = this.#context.offsets.commit(offsets.map((place) => ({ group, ...place })))
    const settled = work.catch(() => {})
    this.#commits.add(settled)
    try {
      await work
    } finally {
      this.#commits.delete(settled)
    }
    const { metrics, topics } = this.#context
    for (const { topic, partition, offset } of offsets) {
      const end = topics.peek(topic)?.partitions[partition]?.end ?? offset
      metrics.record('consumer_lag', { group, topic, partition }, end - offset)
    }
  }

  /** Brings members and partitions together again; never rejects. */
  rebalance(): Promise<void> {
    this.#rebalancing = this.#rebalancing.then(() => this.#rebalance())
    return this.#rebalancing
  }

  #checkCommit(member: GroupConsumer, { topic, partition, offset }: TopicPartitionOffset): void {
    if (!member.owns({ topic, partition })) {
      throw logError(
        'LOG_FENCED',
        `consumer ${member.memberId} of group "${this.name}" no longer owns topic "${topic}", partition ${partition}: nothing was committed; drop the work, its new owner does it again`,
        { details: { group: this.name, topic, partition } },
      )
    }
    const { end } = this.#context.topics.partition(topic, partition)
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > end) {
      throw coreError(
        'CORE_INVALID_INPUT',
        `offset ${offset} of topic "${topic}", partition ${partition} cannot be committed: use 0 to ${end}`,
        { details: { field: 'offset' } },
      )
    }
  }

  async #rebalance(): Promise<void> {
    const members = this.#members
    const target = assignRange(
      members,
      (topic) => this.#context.topics.peek(topic)?.partitions.length ?? 0,
    )
    const lost = members.map((member) =>
      member.assignment().filter((place) => !isIn(place, target.get(member)!)),
    )
    await Promise.all(members.map((member, index) => this.#revoke(member, lost[index]!)))
    for (const [index, member] of members.entries()) {
      for (const place of lost[index]!) member.drop(place)
    }
    await this.#commitsSettled()
    await Promise.all(
      members.map((member) =>
        this.#assign(
          member,
          target.get(member)!.filter((place) => !member.owns(place)),
        ),
      ),
    )
  }

  async #revoke(member: GroupConsumer, places: readonly TopicPartition[]): Promise<void> {
    const { onRevoked } = member.options
    if (places.length === 0 || onRevoked === undefined) return
    const { clock, logger } = this.#context
    const facts = { group: this.name, member: member.memberId }
    await new Promise<void>((resolve) => {
      const cancel = clock.after(REVOKE_TIMEOUT_MS, () => {
        logger.warn(facts, 'a consumer did not give its partitions up in time: it is fenced')
        resolve()
      })
      onRevoked(places)
        .catch((error: unknown) => logger.error({ ...facts, err: error }, 'onRevoked failed'))
        .finally(() => {
          cancel()
          resolve()
        })
    })
  }

  async #assign(member: GroupConsumer, places: readonly TopicPartition[]): Promise<void> {
    const gained = places.filter((place) => {
      const log = this.#context.topics.peek(place.topic)?.partitions[place.partition]
      if (member.isClosed || log === undefined) return false
      member.assign(place, log, this.#startOf(place, log, member.options.from))
      return true
    })
    if (gained.length === 0 || member.options.onAssigned === undefined) return
    try {
      await member.options.onAssigned(gained)
    } catch (error) {
      const facts = { group: this.name, member: member.memberId, err: error }
      this.#context.logger.error(facts, 'onAssigned failed')
    }
  }

  /** The committed offset, brought into the range that is there; without one, where the member wants to begin. */
  #startOf(
    { topic, partition }: TopicPartition,
    log: { earliest: number; end: number },
    from: ConsumerOptions['from'],
  ): number {
    const committed = this.#context.offsets.get(this.name, topic, partition)
    if (committed === undefined) return from === 'latest' ? log.end : log.earliest
    const start = Math.min(Math.max(committed, log.earliest), log.end)
    if (start !== committed) {
      const facts = { group: this.name, topic, partition, committed, start }
      this.#context.logger.warn(facts, 'the committed offset is not there any more')
    }
    return start
  }

  async #commitsSettled(): Promise<void> {
    await Promise.all(this.#commits)
  }
}

const isIn = ({ topic, partition }: TopicPartition, list: readonly TopicPartition[]): boolean =>
  list.some((place) => place.topic === topic && place.partition === partition)
