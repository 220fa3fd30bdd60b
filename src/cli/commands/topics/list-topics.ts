import { query } from '../../api-client.ts'
import { defineCommand } from '../../command.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'
import type { TopicView } from '../../kafka/broker-topics.ts'

export const listTopics = defineCommand<BootstrapFlag & { internal?: boolean }>({
  name: 'topics list',
  summary: 'list the topics',
  options: [{ flags: '--internal', description: "also Millrace's own topics" }, bootstrapOption],
  async run({ options: { internal = false, bootstrapServer } }, { output, connect, attach }) {
    let topics: readonly TopicView[]
    if (bootstrapServer === undefined) {
      const api = await connect('read')
      const answer = await api.get<{ topics: TopicView[] }>(`/v1/topics${query({ internal })}`)
      topics = answer.topics
    } else {
      const { topicView } = await import('../../kafka/broker-topics.ts')
      const all = await (await attach(bootstrapServer)).topics()
      topics = all.map(topicView).filter((topic) => internal || !topic.internal)
    }
    await output.data(topics, async () => {
      // Sizes and declarations are an instance's to tell.
      const isOurs = bootstrapServer === undefined
      await output.table(
        ['TOPIC', 'PARTITIONS', 'RECORDS', ...(isOurs ? ['BYTES', 'DECLARED'] : [])],
        topics.map(({ name, partitions, records, bytes, declared }) => [
          name,
          partitions.length,
          records,
          ...(isOurs ? [bytes, declared ? 'yes' : 'no'] : []),
        ]),
      )
      if (topics.length === 0) output.note('there are no topics yet: the first event makes one')
    })
  },
})
