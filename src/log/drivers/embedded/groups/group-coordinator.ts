/** All consumer groups of a log. A group without members is only its committed offsets. */
import { coreError, quote, type TopicPartitionOffset } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { GroupOffset } from '../../../log-wire.ts'
import type { Consumer, ConsumerOptions, GroupInfo, GroupMember } from '../../../log.ts'
import { ConsumerGroup, type GroupContext } from './consumer-group.ts'

/** As Kafka's group ids, but nothing that would break a line of a log or a terminal. */
const GROUP_NAME = /^[^\p{Cc}]{1,249}$/u

export class GroupCoordinator {
  readonly #context: GroupContext
  readonly #groups = new Map<string, ConsumerGroup>()
  /** Groups whose members are clients of a broker, with the function that tells them. */
  readonly #claims = new Map<string, () => readonly GroupMember[]>()

  constructor(context: GroupContext) {
    this.#context = context
  }

  async join(options: ConsumerOptions): Promise<Consumer> {
    checkGroupName(options.group)
    if (options.topics.length === 0) {
      throw coreError('CORE_INVALID_INPUT', `group "${options.group}" names no topic: name one`)
    }
    for (const topic of options.topics) this.#context.topics.get(topic)
    if (this.#claims.has(options.group)) {
      throw groupActive(options.group, 'has members that are Kafka clients: stop them first')
    }
    let group = this.#groups.get(options.group)
    if (group === undefined) {
      group = new ConsumerGroup(options.group, this.#context)
      this.#groups.set(options.group, group)
    }
    return group.join(options)
  }

  /** Keeps consumers of this process out of a group. Throws LOG_GROUP_ACTIVE while it has some. */
  claim(group: string, members: () => readonly GroupMember[]): { release(): void } {
    checkGroupName(group)
    this.#refuseLocal(group)
    this.#claims.set(group, members)
    return {
      release: () => {
        if (this.#claims.get(group) === members) this.#claims.delete(group)
      },
    }
  }

  /** Commits for members that are not of this process. Throws LOG_GROUP_ACTIVE while some are. */
  async commitClaimed(group: string, offsets: readonly GroupOffset[]): Promise<void> {
    checkGroupName(group)
    this.#refuseLocal(group)
    await this.#context.offsets.commit(offsets.map((place) => ({ group, ...place })))
  }

  infos(): readonly GroupInfo[] {
    const { offsets } = this.#context
    const active = [...this.#groups.values()].filter(({ members }) => members.length > 0)
    const local = active.map(({ name }) => name)
    const names = new Set([...offsets.groups(), ...local, ...this.#claims.keys()])
    return [...names].toSorted().map((group) => this.#info(group))
  }

  #info(group: string): GroupInfo {
    const { offsets, topics } = this.#context
    return {
      group,
      members: this.#members(group),
      offsets: offsets.of(group).map(({ topic, partition, offset }) => {
        const end = topics.peek(topic)?.partitions[partition]?.end ?? offset
        return { topic, partition, committed: offset, end, lag: Math.max(0, end - offset) }
      }),
    }
  }

  async reset(group: string, places: readonly TopicPartitionOffset[]): Promise<void> {
    checkGroupName(group)
    this.#refuseActive(group)
    for (const { topic, partition, offset } of places) {
      const { earliest, end } = this.#context.topics.partition(topic, partition)
      if (offset >= earliest && offset <= end && Number.isSafeInteger(offset)) continue
      throw logError(
        'LOG_OFFSET_OUT_OF_RANGE',
        `group "${group}" cannot begin at offset ${offset} of topic "${topic}", partition ${partition}: use ${earliest} to ${end}`,
        { details: { group, topic, partition, offset, earliest, end } },
      )
    }
    await this.#context.offsets.commit(places.map((place) => ({ group, ...place })))
  }

  async delete(group: string): Promise<void> {
    this.#refuseActive(group)
    if (!this.#context.offsets.groups().includes(group)) {
      throw logError('LOG_UNKNOWN_GROUP', `there is no consumer group "${group}"`, {
        details: { group },
      })
    }
    await this.#context.offsets.forget(group)
    this.#groups.delete(group)
  }

  /** A topic is gone, and its partitions leave their owners; or it has more, which get owners. */
  async topicChanged(topic: string): Promise<void> {
    for (const group of this.#groups.values()) {
      if (group.members.some(({ topics }) => topics.includes(topic))) await group.rebalance()
    }
  }

  async close(reason: Error): Promise<void> {
    for (const group of this.#groups.values()) await group.end(reason)
  }

  #members(group: string): readonly GroupMember[] {
    const claimed = this.#claims.get(group)
    if (claimed !== undefined) return claimed()
    return (this.#groups.get(group)?.members ?? []).map((member) => ({
      memberId: member.memberId,
      assignment: member.assignment(),
    }))
  }

  #refuseActive(group: string): void {
    const count = this.#members(group).length
    if (count > 0) throw groupActive(group, `has ${count} members: close them first`)
  }

  #refuseLocal(group: string): void {
    const count = this.#groups.get(group)?.members.length ?? 0
    if (count === 0) return
    throw groupActive(group, `has ${count} members in the process that owns the log: use another`)
  }
}

const groupActive = (group: string, what: string): Error =>
  logError('LOG_GROUP_ACTIVE', `consumer group ${quote(group)} ${what}`, { details: { group } })

function checkGroupName(name: string): void {
  if (GROUP_NAME.test(name)) return
  throw coreError(
    'CORE_INVALID_NAME',
    `group name ${quote(name)} is not allowed: use 1 to 249 characters without control characters`,
    { details: { field: 'group' } },
  )
}
