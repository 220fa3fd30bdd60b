import { relative } from 'node:path'
import { argument, defineCommand } from '../../command.ts'
import type { StartFlags } from '../../start.ts'
import { startApp } from '../app/start-app.ts'

export const showConfig = defineCommand<StartFlags>({
  name: 'config show',
  summary: 'what a start with these options would run with, and where each value comes from',
  arguments: [
    { name: '[app]', description: 'app file, or a folder with app.ts (default: app.ts)' },
  ],
  ...(startApp.options && { options: startApp.options }),
  examples: ['millrace config show app.ts', 'PORT=9000 millrace config show app.ts --rate 500/s'],
  async run({ args, options }, { output, options: common }) {
    const [{ loadApp }, { effectiveSettings }, { workingFolder }] = await Promise.all([
      import('../../load-app.ts'),
      import('../../effective-settings.ts'),
      import('../../instance.ts'),
    ])
    const { definition, file } = await loadApp(argument(args, 0) || '.')
    const { dataDir } = common
    const flags = { ...options, ...(dataDir !== undefined && { dataDir }) }
    const shown = relative(workingFolder(), file)
    const settings = effectiveSettings(definition, shown, flags, process.env)
    await output.data(settings, () =>
      output.table(
        ['SETTING', 'VALUE', 'FROM'],
        settings.map(({ name, value, origin }) => [name, String(value), origin]),
      ),
    )
  },
})
