import type { TopicAnswer } from '../../../api/index.ts'
import { argument, defineCommand } from '../../command.ts'
import { integer, oneOf } from '../../option-values.ts'

export const createTopic = defineCommand<{
  partitions?: number
  cleanup?: string
  retentionMs?: number
}>({
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
  ],
  examples: ['millrace topics create game-events -p 3'],
  async run({ args, options }, { output, connect }) {
    const api = await connect('change')
    const { partitions, cleanup, retentionMs } = options
    const topic = await api.post<TopicAnswer>('/v1/topics', {
      name: argument(args, 0),
      partitions,
      cleanup,
      retentionMs,
    })
    const count = topic.partitions.length
    await output.data(topic, () =>
      output.line(`topic ${topic.name} has ${count} ${count === 1 ? 'partition' : 'partitions'}`),
    )
  },
})
