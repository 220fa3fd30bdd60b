import type { TopicAnswer } from '../../../api/index.ts'
import { argument, defineCommand } from '../../command.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'
import type { TopicView } from '../../kafka/broker-topics.ts'
import { integer, oneOf } from '../../option-values.ts'

export const createTopic = defineCommand<
  BootstrapFlag & {
    partitions?: number
    cleanup?: 'delete' | 'compact'
    retentionMs?: number
  }
>({
  name: 'topics create',
  summary: 'create a topic',
  arguments: [{ name: '<topic>', description: 'name' }],
  options: [
    {
      flags: '-p, --partitions <n>',
      description: 'partitions (default: 1)',
      parse: integer(1, 1000),
    },
    {
      flags: '--cleanup <policy>',
      description: 'delete old segments, or compact by key (default: delete)',
      parse: oneOf('delete', 'compact'),
    },
    {
      flags: '--retention-ms <ms>',
      description: 'records older than this may go (default: never)',
      parse: integer(0),
    },
    bootstrapOption,
  ],
  examples: ['millrace topics create game-events -p 3'],
  async run({ args, options }, { output, connect, attach }) {
    const { partitions, cleanup, retentionMs, bootstrapServer } = options
    const name = argument(args, 0)
    let topic: TopicView
    if (bootstrapServer === undefined) {
      const api = await connect('change')
      const body = { name, partitions, cleanup, retentionMs }
      topic = await api.post<TopicAnswer>('/v1/topics', body)
    } else {
      const { topicView } = await import('../../kafka/broker-topics.ts')
      const log = await attach(bootstrapServer)
      const config = {
        ...(cleanup === undefined ? {} : { cleanup }),
        ...(retentionMs === undefined ? {} : { retentionMs }),
      }
      const spec = { name, ...(partitions === undefined ? {} : { partitions }) }
      const hasConfig = Object.keys(config).length > 0
      topic = topicView(await log.createTopic({ ...spec, ...(hasConfig ? { config } : {}) }))
    }
    const count = topic.partitions.length
    await output.data(topic, () =>
      output.line(`topic ${topic.name} has ${count} ${count === 1 ? 'partition' : 'partitions'}`),
    )
  },
})
