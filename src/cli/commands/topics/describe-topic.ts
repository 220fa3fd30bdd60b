import type { TopicAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'

export const describeTopic = defineCommand({
  name: 'topics describe',
  summary: 'show partitions, offsets, settings and columns of a topic',
  arguments: [{ name: '<topic>', description: 'name' }],
  async run({ args }, { output, connect }) {
    const api = await connect('read')
    const topic = await api.get<TopicAnswer>(path`/v1/topics/${argument(args, 0)}`)
    await output.data(topic, async () => {
      const { config, columns } = topic
      output.line(`${topic.name}: ${topic.records} records, ${topic.bytes} bytes`)
      output.line(
        `cleanup ${config.cleanup}, retention ${config.retentionMs < 0 ? 'for ever' : `${config.retentionMs} ms`}, ` +
          `segments of ${config.segmentBytes} bytes`,
      )
      output.line()
      await output.table(
        ['PARTITION', 'EARLIEST', 'END', 'BYTES', 'SEGMENTS'],
        topic.partitions.map((one) => [
          one.partition,
          one.earliest,
          one.end,
          one.bytes,
          one.segments,
        ]),
      )
      if (!columns) return
      output.line()
      await output.table(
        ['COLUMN', 'TYPE', 'MAY BE ABSENT'],
        columns.map(({ name, type, nullable }) => [name, type, nullable ? 'yes' : 'no']),
      )
    })
  },
})
