/** Finds what a command speaks to: the instance that runs, or, for commands that only read, the data folder itself. */
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
  const folders = dataFolders(options)
  const where =
    folders.length === 0 ? 'there is no data folder either' : `data: ${folders.join(', ')}`
  throw cliError(
    'CLI_NO_INSTANCE',
    `no running instance was found (${where}): start one with "millrace start app.ts", or name one with --url`,
    { details: { connection } },
  )
}
