/** Topics and groups behind a broker, in the shape that the commands print. */
import type { GroupAnswer, TopicAnswer } from '../../api/index.ts'
import { isInternalTopic } from '../../core/index.ts'
import type { GroupInfo, Log, PartitionInfo, TopicInfo } from '../../log/index.ts'
import { cliError } from '../errors.ts'

/** What an app knows beside, such as columns, is not told over the Kafka protocol; nor are sizes. */
export type TopicView = Omit<TopicAnswer, 'declared' | 'bytes' | 'partitions'> & {
  readonly declared?: boolean
  readonly bytes?: number
  readonly partitions: readonly (Omit<PartitionInfo, 'bytes' | 'segments'> & {
    readonly bytes?: number
    readonly segments?: number
  })[]
}

export function topicView({ name, config, partitions }: TopicInfo): TopicView {
  return {
    name,
    internal: isInternalTopic(name),
    records: partitions.reduce((sum, { earliest, end }) => sum + end - earliest, 0),
    config,
    partitions: partitions.map(({ partition, earliest, end, placement }) => ({
      partition,
      earliest,
      end,
      ...(placement && { placement }),
    })),
  }
}

export function groupView({ group, members, offsets }: GroupInfo): GroupAnswer {
  return {
    group,
    members: members.map(({ memberId, assignment }) => ({ memberId, assignment: [...assignment] })),
    offsets: [...offsets],
  }
}

/** Throws LOG_UNKNOWN_GROUP in the words of REST. */
export async function findGroup(log: Log, name: string): Promise<GroupAnswer> {
  const groups = await log.groups()
  const found = groups.find(({ group }) => group === name)
  if (found) return groupView(found)
  const known = groups.map(({ group }) => group)
  const list = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`
  throw cliError('CLI_REFUSED', `there is no consumer group ${name}: ${list}`)
}

export type ResetTarget =
  | { readonly at: 'earliest' }
  | { readonly at: 'latest' }
  | { readonly at: 'offset'; readonly offset: number }
  | { readonly at: 'time'; readonly time: string }
  | { readonly at: 'shift'; readonly by: number }

export interface ResetOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Where a group would read next. Offsets that a partition does not have are its nearest ones. */
export async function resetOffsets(
  log: Log,
  request: { readonly group: string; readonly topic: string; readonly partition?: number },
  to: ResetTarget,
): Promise<ResetOffset[]> {
  const { group, topic, partition } = request
  const info = await log.topic(topic)
  const places = info.partitions.filter(
    (one) => partition === undefined || one.partition === partition,
  )
  if (places.length === 0) {
    throw cliError('CLI_USAGE', `topic ${topic} has no partition ${partition}`)
  }
  const timeMs = to.at === 'time' ? timeOf(to.time) : 0
  const committed = to.at === 'shift' ? await committedOf(log, group, topic) : new Map()
  return Promise.all(
    places.map(async (place) => {
      const within = (offset: number): number =>
        Math.min(Math.max(offset, place.earliest), place.end)
      const offset = async (): Promise<number> => {
        if (to.at === 'earliest') return place.earliest
        if (to.at === 'latest') return place.end
        if (to.at === 'offset') return within(to.offset)
        if (to.at === 'time') return log.offsetForTime(topic, place.partition, timeMs)
        return within((committed.get(place.partition) ?? place.end) + to.by)
      }
      return { topic, partition: place.partition, offset: await offset() }
    }),
  )
}

function timeOf(text: string): number {
  const time = Date.parse(text)
  if (Number.isFinite(time)) return time
  throw cliError('CLI_USAGE', `"${text}" is not a time: write one such as 2026-01-31T12:00:00Z`)
}

async function committedOf(log: Log, name: string, topic: string): Promise<Map<number, number>> {
  const { offsets } = await findGroup(log, name)
  return new Map(
    offsets
      .filter((one) => one.topic === topic)
      .map(({ partition, committed }) => [partition, committed]),
  )
}
