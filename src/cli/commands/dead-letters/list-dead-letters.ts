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
  summary: 'list what could not be used of a topic, and why',
  arguments: [{ name: '<topic>', description: 'topic whose events they were' }],
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
    const letters: Letter[] = []
    for await (const letter of lettersOf(api, argument(args, 0), filter)) {
      letters.push(letter)
      if (letters.length >= limit) break
    }
    await output.data(letters, async () => {
      if (letters.length === 0) output.note('no dead letters')
      else {
        await output.table(
          ['ID', 'STATE', 'AT', 'STAGE', 'REASON', 'VALUE'],
          letters.map((letter) => [
            letter.id,
            letter.state,
            letter.deadLetter.at,
            letter.deadLetter.stage,
            letter.deadLetter.reason,
            cut(valueText(letter)),
          ]),
        )
      }
      if (letters.length === limit) output.note(`the first ${limit}: --limit shows more`)
    })
  },
})

const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text)
