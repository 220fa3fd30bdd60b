/** Finds what a command speaks to: the instance that runs, or, for commands that only read, the data folder itself. */
import { existsSync } from 'node:fs'
import type { ApiClient } from './api-client.ts'
import type { CommonOptions, Connection } from './command.ts'
import { cliError } from './errors.ts'
import { dataFolders, findUrl } from './instance.ts'

export async function connect(
  connection: Connection,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<ApiClient> {
  const { createApiClient } = await import('./api-client.ts')
  const url = findUrl(options)
  if (url !== undefined) {
    const { createHttpTransport } = await import('./http-transport.ts')
    return createApiClient(createHttpTransport(url, signal))
  }
  const folders = dataFolders(options).filter((folder) => existsSync(folder))
  const [folder] = folders
  if (connection === 'read' && folder !== undefined && folders.length === 1) {
    const { createFolderTransport } = await import('./folder-transport.ts')
    return createApiClient(await createFolderTransport(folder))
  }
  if (connection === 'read' && folders.length > 1) {
    const list = folders.join(', ')
    throw cliError(
      'CLI_USAGE',
      `there are several data folders: say which with --data-dir: ${list}`,
    )
  }
  throw cliError(
    'CLI_NO_INSTANCE',
    'no running instance was found: start one with "millrace start app.ts", or name one with --url',
  )
}
