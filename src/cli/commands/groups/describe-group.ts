import type { GroupAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'

export const describeGroup = defineCommand<BootstrapFlag>({
  name: 'groups describe',
  summary: 'show offsets, lag and members of a group',
  arguments: [{ name: '<group>', description: 'name' }],
  options: [bootstrapOption],
  async run({ args, options: { bootstrapServer } }, { output, connect, attach }) {
    const name = argument(args, 0)
    let group: GroupAnswer
    if (bootstrapServer === undefined) {
      group = await (await connect('read')).get<GroupAnswer>(path`/v1/groups/${name}`)
    } else {
      const { findGroup } = await import('../../kafka/broker-topics.ts')
      group = await findGroup(await attach(bootstrapServer), name)
    }
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
