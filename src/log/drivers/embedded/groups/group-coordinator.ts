/** All consumer groups of a log. A group without members is only its committed offsets. */
import { coreError, quote, type TopicPartitionOffset } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { Consumer, ConsumerOptions, GroupInfo } from '../../../log.ts'
import { ConsumerGroup, type GroupContext } from './consumer-group.ts'

/** As Kafka's group ids, but nothing that would break a line of a log or a terminal. */
const GROUP_NAME = /^[^\p{Cc}]{1,249}$/u

export class GroupCoordinator {
  readonly #context: GroupContext
  readonly #groups = new Map<string, ConsumerGroup>()

  constructor(context: GroupContext) {
    this.#context = context
  }

  async join(options: ConsumerOptions): Promise<Consumer> {
    checkGroupName(options.group)
    if (options.topics.length === 0) {
      throw coreError('CORE_INVALID_INPUT', `group "${options.group}" names no topic: name one`)
    }
    for (const topic of options.topics) this.#context.topics.get(topic)
    let group = this.#groups.get(options.group)
    if (group === undefined) {
      group = new ConsumerGroup(options.group, this.#context)
      this.#groups.set(options.group, group)
    }
    return group.join(options)
  }

  infos(): readonly GroupInfo[] {
    const { offsets } = this.#context
    const active = [...this.#groups.values()].filter(({ members }) => members.length > 0)
    const names = new Set([...offsets.groups(), ...active.map(({ name }) => name)])
    return [...names].toSorted().map((group) => this.#info(group))
  }

  #info(group: string): GroupInfo {
    const { offsets, topics } = this.#context
    return {
      group,
      members: (this.#groups.get(group)?.members ?? []).map((member) => ({
        memberId: member.memberId,
        assignment: member.assignment(),
      })),
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

  /** A topic is gone: its partitions leave their owners. */
  async topicDeleted(topic: string): Promise<void> {
    for (const group of this.#groups.values()) {
      if (group.members.some(({ topics }) => topics.includes(topic))) await group.rebalance()
    }
  }

  async close(reason: Error): Promise<void> {
    for (const group of this.#groups.values()) await group.end(reason)
  }

  #refuseActive(group: string): void {
    const members = this.#groups.get(group)?.members.length ?? 0
    if (members === 0) return
    throw logError(
      'LOG_GROUP_ACTIVE',
      `consumer group "${group}" has ${members} members: close them first`,
      { details: { group, members } },
    )
  }
}

function checkGroupName(name: string): void {
  if (GROUP_NAME.test(name)) return
  throw coreError(
    'CORE_INVALID_NAME',
    `group name ${quote(name)} is not allowed: use 1 to 249 characters without control characters`,
    { details: { field: 'group' } },
  )
}
