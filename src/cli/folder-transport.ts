/**
 * The API of a data folder that nobody has open: the app is started in this process without sources and training, asked
 * without a port, and stopped. What this does to the folder is what the next start would do first: it recovers, and writes
 * the rows of an open batch.
 */
import type { ApiRequest, Transport } from './api-client.ts'
import { cliError } from './errors.ts'
import { loadApp } from './load-app.ts'
import { rememberedApp } from './remembered-app.ts'

export async function createFolderTransport(dataDir: string): Promise<Transport> {
  const file = rememberedApp(dataDir)
  if (file === undefined) {
    throw cliError(
      'CLI_NO_INSTANCE',
      `nothing runs on ${dataDir}, and the app file that it belongs to is not known: start it with "millrace start app.ts"`,
    )
  }
  const [{ definition }, { startApp }, { buildServer }] = await Promise.all([
    loadApp(file),
    import('../app/index.ts'),
    import('../api/index.ts'),
  ])
  const app = await startApp(definition, { dataDir, replay: { enabled: false }, training: false })
  const server = buildServer(app)
  return {
    url: `file://${dataDir}`,
    async send({ method, path, headers, body }: ApiRequest) {
      const response = await server.inject({
        method,
        url: path,
        headers: { ...headers, host: 'localhost' },
        ...(body === undefined
          ? {}
          : { payload: typeof body === 'string' ? body : Buffer.from(body) }),
      })
      const names = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
      return {
        status: response.statusCode,
        headers: Object.fromEntries(names) as Record<string, string>,
        text: response.payload,
        bytes: response.rawPayload,
      }
    },
    async close() {
      await server.close()
      await app.stop()
    },
  }
}
