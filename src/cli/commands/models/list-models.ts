import type { ModelAnswer } from '../../../api/index.ts'
import { defineCommand } from '../../command.ts'

export const listModels = defineCommand({
  name: 'models list',
  summary: 'list the models and what serves',
  async run(_input, { output, connect }) {
    const api = await connect('read')
    const { models } = await api.get<{ models: ModelAnswer[] }>('/v1/models')
    await output.data(models, () =>
      output.table(
        ['MODEL', 'TASK', 'KIND', 'VERSIONS', 'SERVES', 'WAITS FOR'],
        models.map((model) => [
          model.name,
          model.task,
          model.kind,
          model.versions,
          model.live === null ? null : `${model.name}@${model.live.version}`,
          model.waiting,
        ]),
      ),
    )
  },
})
