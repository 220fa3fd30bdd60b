import type { LetterAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { isLetter, valueText } from '../../dead-letters.ts'
import { integer } from '../../option-values.ts'

/** Who put it aside. */
const BY = { ingest: 'at the door', sink: 'by the table', stream: 'by a derived stream' }

export const showDeadLetter = defineCommand({
  name: 'dead-letters show',
  summary: 'show one dead letter with its original bytes',
  arguments: [
    { name: '<topic>', description: 'topic whose event it was' },
    { name: '<id>', description: 'id, as listed' },
  ],
  async run({ args }, { output, connect }) {
    const api = await connect('read')
    const id = integer(0)(argument(args, 1))
    const letter = await api.get<LetterAnswer>(
      path`/v1/topics/${argument(args, 0)}/dead-letters/${id}`,
    )
    await output.data(letter, () => {
      if (!isLetter(letter)) return
      const { stage, code, reason, source, partition, offset, position, at } = letter.deadLetter
      const landed = letter.landed
        ? `, landed at partition ${letter.landed.partition}, offset ${letter.landed.offset}`
        : ''
      output.line(`state   ${letter.state}${landed}`)
      output.line(`reason  ${reason} (${code})`)
      output.line(`at      ${at}, ${BY[stage]}`)
      output.line(
        `from    ${source}` +
          (offset === undefined ? '' : `, partition ${partition}, offset ${offset}`) +
          (position === undefined ? '' : `, row ${position}`),
      )
      output.line()
      output.line(valueText(letter))
    })
  },
})
