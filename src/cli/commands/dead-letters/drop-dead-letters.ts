import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { lettersOf } from '../../dead-letters.ts'
import { integer } from '../../option-values.ts'

interface DropOptions {
  readonly id?: readonly number[]
  readonly code?: string
  readonly yes?: boolean
}

export const dropDeadLetters = defineCommand<DropOptions>({
  name: 'dead-letters drop',
  summary: 'give open dead letters up; their bytes stay readable',
  arguments: [{ name: '<topic>', description: 'topic whose events they were' }],
  options: [
    { flags: '--id <n>', description: 'only this one', parse: integer(0), repeats: true },
    { flags: '--code <code>', description: 'only those with this reason code' },
    { flags: '-y, --yes', description: 'do not ask' },
  ],
  async run({ args, options }, { output, connect }) {
    const topic = argument(args, 0)
    const { code, id: wanted } = options
    const api = await connect('change')
    const ids: number[] = []
    const filter = {
      state: 'open',
      ...(code !== undefined && { code }),
      ...(wanted !== undefined && wanted.length > 0 && { ids: wanted }),
    } as const
    for await (const { id } of lettersOf(api, topic, filter)) ids.push(id)
    if (ids.length > 0 && options.yes !== true) {
      await confirm(`Drop ${ids.length} dead letters of topic ${topic}?`)
    }
    for (const id of ids) await api.delete(path`/v1/topics/${topic}/dead-letters/${id}`)
    await output.data({ dropped: ids }, () => output.line(`${ids.length} dropped`))
  },
})
