import { existsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { defineCommand } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { cliError } from '../../errors.ts'
import { dataFolders, readInstance } from '../../instance.ts'

/** What a data folder of ours has; a folder without any of it is not one, and is left alone. */
const OURS = ['FORMAT', 'log', 'lake', 'registry']

export const resetData = defineCommand<{ yes?: boolean }>({
  name: 'reset',
  summary: 'delete the data folder: log, lake and models',
  options: [{ flags: '-y, --yes', description: 'do not ask' }],
  async run({ options }, { output, options: common }) {
    const folders = dataFolders(common).filter((folder) => existsSync(folder))
    const [folder] = folders
    if (folder === undefined) {
      await output.data({ deleted: null }, () => output.line('there is no data folder'))
      return
    }
    if (folders.length > 1) {
      const list = folders.join(', ')
      throw cliError(
        'CLI_USAGE',
        `there are several data folders: say which with --data-dir: ${list}`,
      )
    }
    const entries = await readdir(folder)
    if (entries.length > 0 && !entries.some((entry) => OURS.includes(entry))) {
      throw cliError('CLI_USAGE', `${folder} does not look like a data folder: nothing was deleted`)
    }
    const instance = readInstance(folder)
    if (instance) {
      throw cliError(
        'CLI_INSTANCE_RUNS',
        `${instance.app} runs on ${folder} (process ${instance.pid}): stop it first with Ctrl-C`,
      )
    }
    const content = await measure(folder)
    output.note(`${folder}: ${content.files} files, ${(content.bytes / 1024 ** 2).toFixed(1)} MiB`)
    for (const entry of entries.toSorted()) output.note(`  ${entry}`)
    if (!options.yes) await confirm('Delete all of it?')
    await rm(folder, { recursive: true })
    await output.data({ deleted: folder, ...content }, () => output.line(`${folder} is deleted`))
  },
})

async function measure(folder: string): Promise<{ files: number; bytes: number }> {
  let files = 0
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    files += 1
    bytes += (await stat(join(entry.parentPath, entry.name))).size
  }
  return { files, bytes }
}
