/** What Kafka's own tools print, in the layout of Kafka 3 and 4, so that scripts which read it go on. */
import type { GroupInfo, TopicConfig, TopicInfo } from '../../log/index.ts'

/** One process keeps everything where there is no cluster: as broker 1, which is what its Kafka port says too. */
const ALONE = { leader: 1, replicas: [1], inSync: [1] }

/** Settings that differ from Kafka's defaults, spelled as Kafka does. */
function configText({ cleanup, retentionMs, retentionBytes }: TopicConfig): string {
  const WEEK_MS = 604_800_000
  return [
    cleanup === 'delete' ? '' : `cleanup.policy=${cleanup}`,
    retentionMs === WEEK_MS ? '' : `retention.ms=${retentionMs}`,
    retentionBytes === -1 ? '' : `retention.bytes=${retentionBytes}`,
  ]
    .filter((part) => part !== '')
    .join(',')
}

export function topicLines({ name, config, partitions }: TopicInfo): string[] {
  const factor = partitions[0]?.placement?.replicas.length ?? 1
  const counts = `PartitionCount: ${partitions.length}\tReplicationFactor: ${factor}`
  const head = `Topic: ${name}\t${counts}\tConfigs: ${configText(config)}`
  const rows = partitions.map(({ partition, placement }) => {
    const { leader, replicas, inSync } = placement ?? ALONE
    const where = `Leader: ${leader < 0 ? 'none' : leader}\tReplicas: ${replicas.join(',')}`
    return `\tTopic: ${name}\tPartition: ${partition}\t${where}\tIsr: ${inSync.join(',')}`
  })
  return [head, ...rows]
}

type Cell = string | number | undefined

/** Columns of these widths at least; the last one is not padded. */
function table(widths: readonly number[], rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map((row) => row.map((cell) => String(cell ?? '-')))
  const wide = widths.map((width, column) =>
    texts.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), width),
  )
  return texts.map((row) =>
    row
      .map((text, column) => (column === row.length - 1 ? text : text.padEnd(wide[column] ?? 0)))
      .join(' '),
  )
}

export interface GroupEnds {
  /** End offset of a partition; undefined when its topic is gone. */
  end(topic: string, partition: number): number | undefined
}

/** One row for each partition that has an offset or an owner. */
export function groupLines({ group, members, offsets }: GroupInfo, ends: GroupEnds): string[] {
  const ownerOf = new Map(
    members.flatMap((member) =>
      member.assignment.map(({ topic, partition }) => [`${topic}/${partition}`, member] as const),
    ),
  )
  const known = new Set(offsets.map(({ topic, partition }) => `${topic}/${partition}`))
  const waiting = members
    .flatMap(({ assignment }) => assignment)
    .filter(({ topic, partition }) => !known.has(`${topic}/${partition}`))
    .map(({ topic, partition }) => ({
      topic,
      partition,
      committed: undefined,
      end: ends.end(topic, partition),
      lag: undefined,
    }))
  const rows = [...offsets, ...waiting].toSorted(
    (a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition,
  )
  const head = ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG']
  return table(
    [15, 15, 10, 15, 15, 15, 15, 15, 0],
    [
      [...head, 'CONSUMER-ID', 'HOST', 'CLIENT-ID'],
      ...rows.map(({ topic, partition, committed, end, lag }) => {
        const owner = ownerOf.get(`${topic}/${partition}`)
        const place = [group, topic, partition, committed, end, lag]
        return [...place, owner?.memberId, owner?.host, owner?.clientId]
      }),
    ],
  )
}

export const memberLines = ({ group, members }: GroupInfo): string[] =>
  table(
    [15, 15, 15, 15, 0],
    [
      ['GROUP', 'CONSUMER-ID', 'HOST', 'CLIENT-ID', '#PARTITIONS'],
      ...members.map(({ memberId, host, clientId, assignment }) => [
        group,
        memberId,
        host,
        clientId,
        assignment.length,
      ]),
    ],
  )

export const stateOf = ({ members }: GroupInfo): string => (members.length > 0 ? 'Stable' : 'Empty')

export const stateLines = (groups: readonly GroupInfo[]): string[] =>
  table([25, 0], [['GROUP', 'STATE'], ...groups.map((group) => [group.group, stateOf(group)])])

export const resetLines = (
  group: string,
  offsets: readonly {
    readonly topic: string
    readonly partition: number
    readonly offset: number
  }[],
): string[] =>
  table(
    [30, 30, 10, 0],
    [
      ['GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET'],
      ...offsets.map(({ topic, partition, offset }) => [group, topic, partition, offset]),
    ],
  )
