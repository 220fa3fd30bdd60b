import { createReadStream, existsSync } from 'node:fs'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { userPath } from '../../instance.ts'

export const restoreData = defineCommand({
  name: 'restore',
  summary: 'make a data folder of a backup, checking every byte',
  arguments: [{ name: '<file>', description: 'file that "millrace backup" wrote' }],
  examples: ['millrace restore monday.tar --data-dir .millrace/shop'],
  async run({ args }, { output, options }) {
    const file = userPath(argument(args, 0))
    if (!existsSync(file)) throw cliError('CLI_USAGE', `there is no file ${file}`)
    if (options.dataDir === undefined) {
      throw cliError('CLI_USAGE', 'say where to: --data-dir <new folder>')
    }
    const { restoreBackup } = await import('../../../app/index.ts')
    const restored = await restoreBackup(createReadStream(file), userPath(options.dataDir))
    await output.data(restored, () =>
      output.line(
        `${restored.dataDir} is as it was at ${restored.createdAt}: ${restored.files} files, ${(restored.bytes / 1024 ** 2).toFixed(1)} MiB`,
      ),
    )
  },
})
