import { relative } from 'node:path'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { userPath } from '../../instance.ts'

export const newProject = defineCommand<{ template?: string; package?: string }>({
  name: 'new',
  summary: 'make a project of one of the examples',
  arguments: [{ name: '[folder]', description: "new folder (default: the template's name)" }],
  options: [
    {
      flags: '--template <name>',
      description: 'movielens, lastfm, game-events, sparkify or streaming-ml',
    },
    {
      flags: '--package <spec>',
      description: 'what npm installs as millrace: a version or a file (default: this version)',
    },
  ],
  examples: ['millrace new --template movielens', 'millrace new my-stream --template streaming-ml'],
  async run({ args, options }, { output }) {
    const { newProject: make, templateNames } = await import('../../new-project.ts')
    if (options.template === undefined) {
      const names = (await templateNames()).join(', ')
      throw cliError('CLI_USAGE', `say which example: --template <name>, one of ${names}`)
    }
    const folder = userPath(argument(args, 0) || options.template)
    const { package: spec } = options
    const made = await make(folder, options.template, spec === undefined ? {} : { package: spec })
    await output.data(made, () => {
      output.line(`${made.dir}: ${made.files.join(', ')}`)
      output.line()
      output.line(`  cd ${relative(process.cwd(), made.dir) || '.'}`)
      output.line('  npm install && npm start')
    })
  },
})
