import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import {
  lettersOf,
  openLetterOptions,
  openLetters,
  type OpenLetterOptions,
} from '../../dead-letters.ts'

interface DropOptions extends OpenLetterOptions {
  readonly yes?: boolean
}

export const dropDeadLetters = defineCommand<DropOptions>({
  name: 'dead-letters drop',
  summary: 'give open dead letters up; their bytes stay readable',
  arguments: [{ name: '<topic>', description: 'topic whose events they were' }],
  options: [...openLetterOptions, { flags: '-y, --yes', description: 'do not ask' }],
  async run({ args, options }, { output, connect }) {
    const topic = argument(args, 0)
    const api = await connect('change')
    const ids: number[] = []
    for await (const { id } of lettersOf(api, topic, openLetters(options))) ids.push(id)
    if (ids.length > 0 && options.yes !== true) {
      await confirm(`Drop ${ids.length} dead letters of topic ${topic}?`)
    }
    for (const id of ids) await api.delete(path`/v1/topics/${topic}/dead-letters/${id}`)
    await output.data({ dropped: ids }, () => output.line(`${ids.length} dropped`))
  },
})
