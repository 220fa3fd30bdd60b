import { createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { dataFolders, userPath } from '../../instance.ts'

export const backUpData = defineCommand({
  name: 'backup',
  summary: 'write log, lake and models into one file, while events go on arriving',
  arguments: [{ name: '<file>', description: 'tar file to write; it must not be there yet' }],
  examples: ['millrace backup monday.tar', 'millrace backup monday.tar --url http://10.0.0.5:8080'],
  async run({ args }, { output, options, signal }) {
    const file = userPath(argument(args, 0))
    if (existsSync(file)) {
      throw cliError('CLI_USAGE', `${file} is there already: name another file`)
    }
    const source =
      options.url === undefined ? await fromFolder(options) : await fromUrl(options.url)
    const part = `${file}.part`
    let bytes = 0
    async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        bytes += chunk.length
        output.live(`${(bytes / 1024 ** 2).toFixed(1)} MiB`)
        yield chunk
      }
    }
    try {
      await pipeline(source, counted, createWriteStream(part, { mode: 0o600, flush: true }), {
        signal,
      })
      await rename(part, file)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
    output.liveDone()
    await output.data({ file, bytes }, () =>
      output.line(
        `${file}: ${(bytes / 1024 ** 2).toFixed(1)} MiB. Restore with: millrace restore ${file} --data-dir <new folder>`,
      ),
    )
  },
})

/** Hard links fix a point in time, so a process that uses the folder need not be asked. */
async function fromFolder(options: { dataDir?: string }): Promise<Readable> {
  const folders = dataFolders(options).filter((folder) => existsSync(folder))
  const [folder] = folders
  if (folder === undefined || folders.length > 1) {
    throw cliError(
      'CLI_USAGE',
      folder === undefined
        ? 'there is no data folder here: name one with --data-dir, or a running instance with --url'
        : `there are several data folders: say which with --data-dir: ${folders.join(', ')}`,
    )
  }
  const [{ createBackup }, { systemClock }] = await Promise.all([
    import('../../../app/index.ts'),
    import('../../../core/index.ts'),
  ])
  return (await createBackup(folder, systemClock)).stream
}

async function fromUrl(url: string): Promise<Readable> {
  let response: Response
  try {
    response = await fetch(`${url}/v1/backups`, { method: 'POST' })
  } catch (cause) {
    throw cliError('CLI_UNREACHABLE', `${url} does not answer: is it running there?`, { cause })
  }
  if (response.ok && response.body) return Readable.from(response.body, { objectMode: false })
  const { detail } = (await response.json()) as { detail?: string }
  throw cliError('CLI_REFUSED', detail ?? `${url} answered ${response.status}`)
}
