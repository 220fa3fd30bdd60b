import type { GroupAnswer } from '../../../api/index.ts'
import { defineCommand } from '../../command.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'

export const listGroups = defineCommand<BootstrapFlag>({
  name: 'groups list',
  summary: 'list the consumer groups',
  options: [bootstrapOption],
  async run({ options: { bootstrapServer } }, { output, connect, attach }) {
    let groups: readonly GroupAnswer[]
    if (bootstrapServer === undefined) {
      const api = await connect('read')
      groups = (await api.get<{ groups: GroupAnswer[] }>('/v1/groups')).groups
    } else {
      const { groupView } = await import('../../kafka/broker-topics.ts')
      groups = (await (await attach(bootstrapServer)).groups()).map(groupView)
    }
    await output.data(groups, () =>
      output.table(
        ['GROUP', 'MEMBERS', 'PARTITIONS', 'LAG'],
        groups.map(({ group, members, offsets }) => [
          group,
          members.length,
          offsets.length,
          offsets.reduce((sum, { lag }) => sum + lag, 0),
        ]),
      ),
    )
  },
})
