import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { confirm } from '../../confirm.ts'

export const deleteTopic = defineCommand<{ yes?: boolean }>({
  name: 'topics delete',
  summary: 'delete a topic and its records',
  arguments: [{ name: '<topic>', description: 'name' }],
  options: [{ flags: '-y, --yes', description: 'do not ask' }],
  async run({ args, options }, { output, connect }) {
    const topic = argument(args, 0)
    const api = await connect('change')
    if (!options.yes) await confirm(`Delete topic ${topic} and all its records?`)
    await api.delete(path`/v1/topics/${topic}`)
    await output.data({ deleted: topic }, () => output.line(`topic ${topic} is deleted`))
  },
})
