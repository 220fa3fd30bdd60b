/** Data sets that `millrace import` knows by name: which of their files is which topic, and their files as CSV. */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { csvLine } from './csv-line.ts'
import { cliError } from './errors.ts'
import { userPath } from './instance.ts'

export interface DataSet {
  /** In the order in which they are loaded. */
  readonly files: readonly {
    readonly file: string
    readonly topic: string
    /** What its rows are, for the summary. */
    readonly rows: string
  }[]
}

export const dataSets: Readonly<Record<string, DataSet>> = {
  lastfm: {
    files: [
      { file: 'artists.dat', topic: 'artists', rows: 'artists' },
      { file: 'user_artists.dat', topic: 'lastfm', rows: 'listens' },
    ],
  },
}

/**
 * Writes each file as CSV under the same name: fields in the file's order, quoted where they hold a comma or a quote, each
 * file read in its own encoding and written as UTF-8. Answers what was written. Throws CLI_USAGE for a file that is missing.
 */
export async function writeCsv(
  { files }: DataSet,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<{ path: string; rows: number }[]> {
  const { openDataFolder, openTopicSource } = await import('../app/index.ts')
  const folder = await openDataFolder(userPath(from))
  const out = userPath(to)
  await mkdir(out, { recursive: true })
  const written: { path: string; rows: number }[] = []
  for (const { file, topic } of files) {
    const found = await folder.find(file)
    if (!found) throw missing(folder.path, file)
    const source = await openTopicSource({ contract: { topic, columns: [] }, file: found })
    const path = join(out, file.replace(/\.dat$/, '.csv'))
    let rows = 0
    const lines = async function* (): AsyncGenerator<string> {
      yield csvLine(source.fields)
      for await (const events of source.events(1, signal)) {
        for (const { bytes } of events) {
          const row = JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>
          rows += 1
          yield csvLine(source.fields.map((name) => row[name] ?? ''))
        }
      }
    }
    await pipeline(Readable.from(lines()), createWriteStream(path))
    written.push({ path, rows })
  }
  return written
}

const missing = (folder: string, file: string): Error =>
  cliError('CLI_USAGE', `${folder} has no ${file}: name the folder or zip of the data set`)
