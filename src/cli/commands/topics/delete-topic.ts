import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'

export const deleteTopic = defineCommand<BootstrapFlag & { yes?: boolean }>({
  name: 'topics delete',
  summary: 'delete a topic and its records',
  arguments: [{ name: '<topic>', description: 'name' }],
  options: [{ flags: '-y, --yes', description: 'do not ask' }, bootstrapOption],
  async run({ args, options: { yes, bootstrapServer } }, { output, connect, attach }) {
    const topic = argument(args, 0)
    const api = bootstrapServer === undefined ? await connect('change') : undefined
    if (!yes) await confirm(`Delete topic ${topic} and all its records?`)
    if (api) await api.delete(path`/v1/topics/${topic}`)
    else await (await attach(bootstrapServer)).deleteTopic(topic)
    await output.data({ deleted: topic }, () => output.line(`topic ${topic} is deleted`))
  },
})
