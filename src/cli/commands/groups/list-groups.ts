import type { GroupAnswer } from '../../../api/index.ts'
import { defineCommand } from '../../command.ts'

export const listGroups = defineCommand({
  name: 'groups list',
  summary: 'list the consumer groups',
  async run(_input, { output, connect }) {
    const api = await connect('read')
    const { groups } = await api.get<{ groups: GroupAnswer[] }>('/v1/groups')
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
