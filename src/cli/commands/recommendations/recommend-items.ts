import type { ListAnswer } from '../../../api/index.ts'
import { path, query } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { LIST_MAX, listTable, type ListOptions } from '../../list-text.ts'
import { splitReference } from '../../model-reference.ts'
import { integer } from '../../option-values.ts'

interface RecommendOptions extends ListOptions {
  readonly includeKnown?: boolean
  readonly trace?: boolean
}

export const recommendItems = defineCommand<RecommendOptions>({
  name: 'recommend',
  summary: 'show the list of a user',
  arguments: [{ name: '<user>', description: 'id of a user, also one never seen' }],
  options: [
    { flags: '--model <model[@version]>', description: 'default: the first recommender' },
    { flags: '--limit <n>', description: 'items (default: 10)', parse: integer(1, LIST_MAX) },
    { flags: '--filter <expression>', description: 'only items for which it is true' },
    { flags: '--include-known', description: 'also what the user has' },
    { flags: '--trace', description: 'with --json: say how the list came about' },
  ],
  examples: ['millrace recommend 42', `millrace recommend 42 --filter "'comedy' in genres"`],
  async run({ args, options }, { output, connect }) {
    const { limit, filter, includeKnown, trace } = options
    const api = await connect('read')
    const asked = { ...askedModel(options.model), limit, filter, includeKnown, trace }
    const answer = await api.get<ListAnswer>(
      path`/v1/recommendations/${argument(args, 0)}` + query(asked),
    )
    await output.data(answer, () => listTable(answer, output))
  },
})

const askedModel = (model: string | undefined) => (model === undefined ? {} : splitReference(model))
