import { deadLetterTopic } from '../../../core/index.ts'
import type { TopicAnswer } from '../../../api/index.ts'
import type { ApiClient } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { lettersOf, valueText, type Letter } from '../../dead-letters.ts'
import { integer, oneOf } from '../../option-values.ts'

interface ListOptions {
  readonly state?: Letter['state']
  readonly code?: string
  readonly limit: number
}

const SHOWN = 60

export const listDeadLetters = defineCommand<ListOptions>({
  name: 'dead-letters list',
  summary: 'list what could not be used, and why',
  arguments: [{ name: '[topic]', description: 'topic whose events they were (default: all)' }],
  options: [
    {
      flags: '--state <state>',
      description: 'only open, retried or dropped ones',
      parse: oneOf('open', 'retried', 'dropped'),
    },
    { flags: '--code <code>', description: 'only those with this reason code' },
    { flags: '--limit <n>', description: 'at most so many', default: 100, parse: integer(1) },
  ],
  async run({ args, options }, { output, connect }) {
    const { limit, ...filter } = options
    const api = await connect('read')
    const wanted = argument(args, 0)
    const topics = wanted === '' ? await topicsWithLetters(api) : [wanted]
    const letters: (Letter & { readonly topic: string })[] = []
    for (const topic of topics) {
      for await (const letter of lettersOf(api, topic, filter)) {
        if (letters.length >= limit) break
        letters.push({ topic, ...letter })
      }
    }
    await output.data(letters, async () => {
      if (letters.length === 0) output.note('no dead letters')
      else {
        await output.table(
          ['TOPIC', 'ID', 'STATE', 'AT', 'STAGE', 'RECORD', 'REASON', 'VALUE'],
          letters.map((letter) => [
            letter.topic,
            letter.id,
            letter.state,
            letter.deadLetter.at,
            letter.deadLetter.stage,
            placeOf(letter),
            letter.deadLetter.reason,
            cut(valueText(letter)),
          ]),
        )
      }
      if (letters.length === limit) output.note(`the first ${limit}: --limit shows more`)
    })
  },
})

async function topicsWithLetters(api: ApiClient): Promise<string[]> {
  const { topics } = await api.get<{ topics: TopicAnswer[] }>('/v1/topics')
  const names = new Set(topics.map(({ name }) => name))
  return [...names].filter((name) => names.has(deadLetterTopic(name)))
}

/** Partition and offset of the record that it was; one that was refused at the door was none. */
const placeOf = ({ deadLetter: { partition, offset } }: Letter): string | null =>
  offset === undefined ? null : `${partition ?? 0}:${offset}`

const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text)
