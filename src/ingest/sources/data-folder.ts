/** The data of an app: a folder or a zip archive, as a publisher packs it, searched by base name. Nothing is unpacked. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { crc32 } from 'node:zlib'
import { openPromise, type Entry, type ZipFile } from 'yauzl'
import { isMillraceError, quote } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import { failed, openDataFile, openRegular, type DataFile } from './data-file.ts'

export interface DataFolder {
  readonly path: string
  /** Base names that can be found. */
  list(): Promise<readonly string[]>
  /**
   * The first of `names` that is there, also with `.gz`, at the top or one folder down (archives hold
   * `ml-latest-small/ratings.csv`); undefined when there is none.
   */
  find(...names: readonly string[]): Promise<DataFile | undefined>
}

/** Throws INGEST_UNKNOWN_SOURCE, INGEST_SOURCE_FAILED. A single file counts as a folder that holds it. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const info = await stat(path).catch(() => undefined)
  if (!info) {
    throw ingestError('INGEST_UNKNOWN_SOURCE', `there is no ${quote(path)}: check the path`)
  }
  if (info.isDirectory()) return folder(path)
  if (await isZip(path)) return archive(path)
  const file = await openDataFile(path)
  return lookup(path, new Map([[file.name, () => Promise.resolve(file)]]))
}

type Opener = () => Promise<DataFile>

function lookup(path: string, files: ReadonlyMap<string, Opener>): DataFolder {
  return {
    path,
    list: () => Promise.resolve([...files.keys()].toSorted()),
    async find(...names) {
      for (const name of names) {
        const open = files.get(name) ?? files.get(`${name}.gz`)
        if (open) return open()
      }
      return undefined
    },
  }
}

async function folder(path: string): Promise<DataFolder> {
  const root = await realpath(path)
  const files = new Map<string, Opener>()
  const add = async (at: string, depth: number): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true })
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = join(at, entry.name)
      if (entry.isDirectory()) {
        if (depth === 0 && !entry.name.startsWith('.')) await add(full, 1)
      } else if (!files.has(entry.name)) files.set(entry.name, () => openInside(root, full))
    }
  }
  await add(path, 0)
  return lookup(path, files)
}

/** A link that leads out of the folder is not followed. */
async function openInside(root: string, path: string): Promise<DataFile> {
  const real = await realpath(path).catch(() => path)
  if (!real.startsWith(root + sep)) throw failed(path, 'is a link out of its folder: copy the file')
  return openDataFile(path)
}

async function isZip(path: string): Promise<boolean> {
  const handle = await openRegular(path)
  try {
    const head = Buffer.alloc(4)
    await handle.read(head, 0, 4, 0)
    return (
      head.toString('latin1') === 'PK\u0003\u0004' || head.toString('latin1') === 'PK\u0005\u0006'
    )
  } finally {
    await handle.close()
  }
}

async function archive(path: string): Promise<DataFolder> {
  const files = new Map<string, Opener>()
  const zip = await openZip(path)
  try {
    // yauzl refuses members with absolute names or `..`; we only ever take base names, and write nothing.
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/') || entry.fileName.split('/').length > 2) continue
      const name = basename(entry.fileName)
      if (!files.has(name)) files.set(name, () => Promise.resolve(member(path, entry)))
    }
  } catch (error) {
    throw failed(path, `is a damaged zip archive: ${(error as Error).message}`, error)
  } finally {
    zip.close()
  }
  return lookup(path, files)
}

async function openZip(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { autoClose: false, lazyEntries: true })
  } catch (error) {
    throw failed(path, `is a damaged zip archive: ${(error as Error).message}`, error)
  }
}

const member = (path: string, entry: Entry): DataFile => ({
  name: basename(entry.fileName),
  path: `${path}/${entry.fileName}`,
  sizeBytes: entry.uncompressedSize,
  isPlain: false,
  read: (signal) => readMember(path, entry, signal),
})

async function* readMember(
  path: string,
  entry: Entry,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const zip = await openZip(path)
  let sum = 0
  try {
    const stream = await zip.openReadStreamPromise(entry)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal?.throwIfAborted()
      sum = crc32(chunk, sum)
      yield chunk
    }
    if (sum !== entry.crc32) throw failed(path, `has a damaged member ${quote(entry.fileName)}`)
  } catch (error) {
    if (signal?.aborted === true || isMillraceError(error)) throw error
    throw failed(path, `has a member ${quote(entry.fileName)} that cannot be read`, error)
  } finally {
    zip.close()
  }
}
