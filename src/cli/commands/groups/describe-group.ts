import type { GroupAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'

export const describeGroup = defineCommand({
  name: 'groups describe',
  summary: 'show offsets, lag and members of a group',
  arguments: [{ name: '<group>', description: 'name' }],
  async run({ args }, { output, connect }) {
    const api = await connect('read')
    const group = await api.get<GroupAnswer>(path`/v1/groups/${argument(args, 0)}`)
    const ownerOf = (topic: string, partition: number): string | undefined =>
      group.members.find(({ assignment }) =>
        assignment.some((one) => one.topic === topic && one.partition === partition),
      )?.memberId
    await output.data(group, () =>
      output.table(
        ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'CONSUMER-ID'],
        group.offsets.map(({ topic, partition, committed, end, lag }) => [
          group.group,
          topic,
          partition,
          committed,
          end,
          lag,
          ownerOf(topic, partition),
        ]),
      ),
    )
  },
})
