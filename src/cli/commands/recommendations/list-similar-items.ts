import type { ListAnswer } from '../../../api/index.ts'
import { path, query } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { LIST_MAX, listTable, type ListOptions } from '../../list-text.ts'
import { splitReference } from '../../model-reference.ts'
import { integer } from '../../option-values.ts'

export const listSimilarItems = defineCommand<ListOptions>({
  name: 'similar',
  summary: 'show the items like an item',
  arguments: [{ name: '<item>', description: 'id of an item' }],
  options: [
    { flags: '--model <model[@version]>', description: 'default: the first recommender' },
    { flags: '--limit <n>', description: 'items (default: 10)', parse: integer(1, LIST_MAX) },
    { flags: '--filter <expression>', description: 'only items for which it is true' },
  ],
  examples: ['millrace similar 318', 'millrace similar 318 --limit 5 --json'],
  async run({ args, options }, { output, connect }) {
    const { model, limit, filter } = options
    const api = await connect('read')
    const asked = { ...(model === undefined ? {} : splitReference(model)), limit, filter }
    const answer = await api.get<ListAnswer>(
      path`/v1/items/${argument(args, 0)}/similar` + query(asked),
    )
    await output.data(answer, () => listTable(answer, output))
  },
})
