/** From a file to its events: picks the format by name. */
import { extname } from 'node:path'
import { defaultLimits, quote } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import { sourceFormats, type SourceFormatName } from './catalog.ts'
import { openDataFile, type DataFile } from './data-file.ts'
import { openDataFolder } from './data-folder.ts'
import type { FileOptions, FileSource } from './source.ts'

export interface OpenFileOptions extends Partial<FileOptions> {
  /** Default: by the file's name. */
  readonly format?: SourceFormatName
}

/**
 * Opens a file (path, or a file of a data folder) as a source of events. A path to a zip archive with one file in it is that
 * file. Reads the file once to learn its character set, rows and digest.
 * Throws INGEST_UNKNOWN_SOURCE, INGEST_SOURCE_FAILED, INGEST_INVALID_REPLAY.
 */
export async function openFileSource(
  file: string | DataFile,
  options: OpenFileOptions = {},
): Promise<FileSource> {
  const data = typeof file === 'string' ? await openPath(file) : file
  const format = options.format === undefined ? await formatByName(data.name) : options.format
  const load = Object.hasOwn(sourceFormats, format) ? sourceFormats[format] : undefined
  if (!load) {
    throw ingestError(
      'INGEST_INVALID_REPLAY',
      `there is no file format ${quote(format)}: use one of ${Object.keys(sourceFormats).join(', ')}`,
    )
  }
  const source = await load()
  return source.open(data, { lineBytes: defaultLimits.lineBytes, ...options })
}

async function openPath(path: string): Promise<DataFile> {
  if (!/\.zip$/i.test(path)) return openDataFile(path)
  const folder = await openDataFolder(path)
  const names = await folder.list()
  const file = names.length === 1 ? await folder.find(names[0]!) : undefined
  if (file) return file
  throw ingestError(
    'INGEST_SOURCE_FAILED',
    `archive ${quote(path)} has ${names.length} files: open it as a folder and name the file`,
    { details: { files: names.slice(0, 20) } },
  )
}

async function formatByName(name: string): Promise<SourceFormatName> {
  const ending = extname(name).toLowerCase()
  for (const [format, load] of Object.entries(sourceFormats)) {
    if ((await load()).extensions.includes(ending)) return format as SourceFormatName
  }
  throw ingestError(
    'INGEST_INVALID_REPLAY',
    `the format of file ${quote(name)} is not known from its name: give the format (${Object.keys(sourceFormats).join(', ')})`,
  )
}
