import type { BecauseAnswer } from '../../../api/index.ts'
import { path, query } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { splitReference } from '../../model-reference.ts'
import { integer } from '../../option-values.ts'
import { figure } from '../../version-text.ts'

interface ExplainOptions {
  readonly model?: string
  readonly limit: number
}

export const explainItem = defineCommand<ExplainOptions>({
  name: 'explain',
  summary: 'show which items of a user speak for an item',
  arguments: [
    { name: '<user>', description: 'id of a user' },
    { name: '<item>', description: 'id of an item' },
  ],
  options: [
    { flags: '--model <model[@version]>', description: 'default: the first recommender' },
    {
      flags: '--limit <n>',
      description: 'contributions, the largest first',
      default: 10,
      parse: integer(1, 10_000),
    },
  ],
  examples: ['millrace explain 42 318'],
  async run({ args, options: { model, limit } }, { output, connect }) {
    const api = await connect('read')
    const asked = { ...(model === undefined ? {} : splitReference(model)), limit }
    const [user, item] = [argument(args, 0), argument(args, 1)]
    const answer = await api.get<BecauseAnswer>(
      path`/v1/recommendations/${user}/because/${item}` + query(asked),
    )
    await output.data(answer, async () => {
      output.line(`${item} for ${user}: score ${figure(answer.score)}, base ${figure(answer.base)}`)
      await output.table(
        ['BECAUSE OF', 'VALUE', 'CONTRIBUTION'],
        answer.contributions.map(({ item: id, value, contribution }) => [
          id,
          figure(value),
          figure(contribution),
        ]),
      )
      output.note(`by ${answer.model}@${answer.version}; base and contributions sum to the score`)
      if (answer.fallback !== null) output.note(`note: ${answer.fallback}`)
    })
  },
})
