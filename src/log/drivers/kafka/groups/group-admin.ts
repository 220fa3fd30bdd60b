/** Consumer groups from outside: list, reset, delete. */
import type { TopicPartition, TopicPartitionOffset } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { GroupInfo } from '../../../log.ts'
import { brokerFault, PROTOCOL } from '../kafka-errors.ts'
import type { KafkaCluster } from '../kafka-cluster.ts'
import { listOffsets } from '../list-offsets.ts'
import { outOfRange } from '../read-partition.ts'
import { decodeAssignment } from './consumer-protocol.ts'
import { checkGroupName, committedOffsets, groupByTopic } from './group-offsets.ts'

const NO_GENERATION = -1

export class GroupAdmin {
  readonly #cluster: KafkaCluster

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
  }

  async all(): Promise<readonly GroupInfo[]> {
    const names = await this.#cluster.wire.retry('list groups', async () => {
      const { brokers } = await this.#cluster.metadata([])
      const lists = await Promise.all(
        brokers.map((broker) => this.#cluster.lane.send(broker, 'ListGroups', [], [])),
      )
      const consumers = lists.flatMap(({ groups }) =>
        groups.filter(({ protocolType }) => protocolType === 'consumer' || protocolType === ''),
      )
      return [...new Set(consumers.map(({ groupId }) => groupId))].toSorted()
    })
    return Promise.all(names.map((name) => this.#describe(name)))
  }

  async reset(group: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    checkGroupName(group)
    const members = await this.#members(group)
    if (members.length > 0) throw active(group, members.length)
    await this.#checkBounds(offsets)
    if (offsets.length === 0) return
    await this.#withCoordinator(group, `reset group "${group}"`, (broker) =>
      this.#cluster.lane.send(
        broker,
        'OffsetCommit',
        group,
        NO_GENERATION,
        '',
        null,
        groupByTopic(offsets),
      ),
    )
  }

  async delete(group: string): Promise<void> {
    await this.#withCoordinator(group, `delete group "${group}"`, (broker) =>
      this.#cluster.lane.send(broker, 'DeleteGroups', [group]),
    )
  }

  async #checkBounds(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    for (const { topic, partition } of offsets) {
      this.#cluster.partition(await this.#cluster.topic(topic), partition)
    }
    const [earliest, end] = await Promise.all(
      (['earliest', 'end'] as const).map((at) =>
        listOffsets(
          this.#cluster,
          offsets.map(({ topic, partition }) => ({ topic, partition, at })),
        ),
      ),
    )
    for (const { topic, partition, offset } of offsets) {
      const key = `${topic}/${partition}`
      const [first, last] = [earliest!.get(key) ?? 0, end!.get(key) ?? 0]
      if (Number.isSafeInteger(offset) && offset >= first && offset <= last) continue
      throw outOfRange({ topic, partition, from: offset }, first, last)
    }
  }

  async #describe(group: string): Promise<GroupInfo> {
    const [members, committed] = await Promise.all([
      this.#members(group),
      committedOffsets(this.#cluster, group, undefined),
    ])
    const places = [...committed.keys()].map(placeOf).toSorted(byPlace)
    const end = await listOffsets(
      this.#cluster,
      places.map((place) => ({ ...place, at: 'end' })),
    ).catch(
      // A topic that went while its group was described.
      () => new Map<string, number>(),
    )
    return {
      group,
      members,
      offsets: places.map(({ topic, partition }) => {
        const key = `${topic}/${partition}`
        const offset = committed.get(key)?.offset ?? 0
        const last = end.get(key) ?? offset
        return { topic, partition, committed: offset, end: last, lag: Math.max(0, last - offset) }
      }),
    }
  }

  async #members(group: string): Promise<GroupInfo['members']> {
    const doing = `describe group "${group}"`
    const { wire, lane } = this.#cluster
    return wire.retry(
      doing,
      async () => {
        const broker = await this.#cluster.coordinator(group)
        try {
          const { groups } = await lane.send(broker, 'DescribeGroups', [group], false)
          return groups.flatMap(({ members }) =>
            members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
              memberId,
              ...(clientId ? { clientId } : {}),
              ...(clientHost ? { host: clientHost } : {}),
              assignment: decodeAssignment(memberAssignment).places,
            })),
          )
        } catch (error) {
          if (brokerFault(error)?.code === PROTOCOL.GROUP_ID_NOT_FOUND) return []
          throw error
        }
      },
      { onRetry: () => this.#cluster.forgetCoordinator(group) },
    )
  }

  async #withCoordinator(
    group: string,
    doing: string,
    run: (broker: { host: string; port: number }) => Promise<unknown>,
  ): Promise<void> {
    const once = async (): Promise<void> => {
      try {
        await run(await this.#cluster.coordinator(group))
      } catch (error) {
        const code = brokerFault(error)?.code
        if (code === PROTOCOL.GROUP_ID_NOT_FOUND) throw unknownGroup(group)
        if (code === PROTOCOL.NON_EMPTY_GROUP || code === PROTOCOL.UNKNOWN_MEMBER_ID) {
          throw active(group, undefined)
        }
        throw error
      }
    }
    await this.#cluster.wire.retry(doing, once, {
      onRetry: () => this.#cluster.forgetCoordinator(group),
    })
  }
}

function placeOf(key: string): TopicPartition {
  const slash = key.lastIndexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}

const byPlace = (a: TopicPartition, b: TopicPartition): number =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1

const unknownGroup = (group: string): Error =>
  logError('LOG_UNKNOWN_GROUP', `there is no consumer group "${group}"`, { details: { group } })

const active = (group: string, members: number | undefined): Error =>
  logError(
    'LOG_GROUP_ACTIVE',
    `consumer group "${group}" has ${members ?? 'some'} members: close them first`,
    { details: { group, members } },
  )
