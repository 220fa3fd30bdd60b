import { path } from '../../api-client.ts'
import { argument, defineCommand, type CommandTools } from '../../command.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'
import type { TopicView } from '../../kafka/broker-topics.ts'
import type { Output } from '../../output.ts'

export const describeTopic = defineCommand<BootstrapFlag>({
  name: 'topics describe',
  summary: 'show partitions, leaders, offsets, settings and columns of a topic, or of all',
  arguments: [{ name: '[topic]', description: 'name (default: all)' }],
  options: [bootstrapOption],
  async run({ args, options }, tools) {
    const name = argument(args, 0)
    const topics = await fetchTopics(name, options.bootstrapServer, tools)
    await tools.output.data(name === '' ? topics : topics[0], async () => {
      for (const [at, topic] of topics.entries()) {
        if (at > 0) tools.output.line()
        await show(topic, tools.output)
      }
    })
  },
})

async function fetchTopics(
  name: string,
  bootstrap: string | undefined,
  { connect, attach }: CommandTools,
): Promise<readonly TopicView[]> {
  if (bootstrap === undefined) {
    const api = await connect('read')
    if (name !== '') return [await api.get<TopicView>(path`/v1/topics/${name}`)]
    return (await api.get<{ topics: TopicView[] }>('/v1/topics')).topics
  }
  const { topicView } = await import('../../kafka/broker-topics.ts')
  const log = await attach(bootstrap)
  const found = name === '' ? await log.topics() : [await log.topic(name)]
  return found.map(topicView).filter((topic) => name !== '' || !topic.internal)
}

/** One process keeps everything where there is no cluster: as broker 1, which is what its Kafka port says too. */
const ALONE = { leader: 1, replicas: [1], inSync: [1] }

async function show({ name, records, bytes, config, partitions, columns }: TopicView, out: Output) {
  const size = bytes === undefined ? '' : `, ${bytes} bytes`
  out.line(`${name}: ${records} ${records === 1 ? 'record' : 'records'}${size}`)
  const retention = config.retentionMs < 0 ? 'for ever' : `${config.retentionMs} ms`
  const segments = `segments of ${config.segmentBytes} bytes`
  out.line(`cleanup ${config.cleanup}, retention ${retention}, ${segments}`)
  out.line()
  const sizes = bytes === undefined ? [] : ['BYTES', 'SEGMENTS']
  await out.table(
    ['PARTITION', 'EARLIEST', 'END', ...sizes, 'LEADER', 'REPLICAS', 'ISR'],
    partitions.map((one) => {
      const { leader, replicas, inSync } = one.placement ?? ALONE
      return [
        one.partition,
        one.earliest,
        one.end,
        ...(bytes === undefined ? [] : [one.bytes, one.segments]),
        leader < 0 ? 'none' : leader,
        replicas.join(','),
        inSync.join(','),
      ]
    }),
  )
  if (!columns) return
  out.line()
  await out.table(
    ['COLUMN', 'TYPE', 'MAY BE ABSENT'],
    columns.map((column) => [column.name, column.type, column.nullable ? 'yes' : 'no']),
  )
}
