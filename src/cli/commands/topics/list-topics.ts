import type { TopicAnswer } from '../../../api/index.ts'
import { query } from '../../api-client.ts'
import { defineCommand } from '../../command.ts'

export const listTopics = defineCommand<{ internal?: boolean }>({
  name: 'topics list',
  summary: 'list the topics',
  options: [{ flags: '--internal', description: "also Millrace's own topics" }],
  async run({ options }, { output, connect }) {
    const api = await connect('read')
    const { topics } = await api.get<{ topics: TopicAnswer[] }>(
      `/v1/topics${query({ internal: options.internal })}`,
    )
    await output.data(topics, () =>
      output.table(
        ['TOPIC', 'PARTITIONS', 'RECORDS', 'BYTES', 'DECLARED'],
        topics.map((topic) => [
          topic.name,
          topic.partitions.length,
          topic.records,
          topic.bytes,
          topic.declared ? 'yes' : 'no',
        ]),
      ),
    )
  },
})
