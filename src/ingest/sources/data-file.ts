/**
 * A file as a stream of plain bytes: as it lies on the disk, inside gzip, or as a member of a zip archive. Only regular
 * files: a FIFO, a device or a folder is refused before it can block. A file that changes while it is read ends with
 * INGEST_SOURCE_CHANGED.
 */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { isMillraceError, quote } from '../../core/index.ts'
import { ingestError } from '../errors.ts'

export interface DataFile {
  /** Base name without the ending of its compression: `ratings.csv`. */
  readonly name: string
  /** Where it is, for messages and for engines that read files themselves. */
  readonly path: string
  /** Bytes on the disk. */
  readonly sizeBytes: number
  /** True when `path` itself holds the plain bytes. */
  readonly isPlain: boolean
  /** The plain bytes from the beginning. */
  read(signal?: AbortSignal): AsyncIterable<Uint8Array>
}

const READ_BYTES = 256 * 1024

/** Throws INGEST_UNKNOWN_SOURCE, INGEST_SOURCE_FAILED. */
export async function openDataFile(path: string): Promise<DataFile> {
  const handle = await openRegular(path)
  try {
    const { size, mtimeMs, ino } = await handle.stat()
    const head = Buffer.alloc(4)
    await handle.read(head, 0, 4, 0).catch((error: unknown) => {
      const { code = '' } = error as NodeJS.ErrnoException
      throw failed(path, `cannot be read (${code}): give a file with data`, error)
    })
    const isGzip = head[0] === 0x1f && head[1] === 0x8b
    const version = `${size}:${mtimeMs}:${ino}`
    return {
      name: basename(path).replace(/\.gz$/i, ''),
      path,
      sizeBytes: size,
      isPlain: !isGzip,
      read: (signal) => readFile(path, isGzip, version, signal),
    }
  } finally {
    await handle.close()
  }
}

/** Opens without blocking on a FIFO, then looks at what was opened. */
export async function openRegular(path: string): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw ingestError('INGEST_UNKNOWN_SOURCE', `there is no file ${quote(path)}: check the path`)
    }
    throw failed(path, `cannot be opened (${code}): check that it is readable`, error)
  }
  const stat = await handle.stat()
  if (stat.isFile()) return handle
  await handle.close()
  const what = stat.isDirectory() ? 'a folder' : stat.isFIFO() ? 'a pipe' : 'a device or socket'
  throw failed(path, `is ${what}: give a regular file`)
}

export const failed = (path: string, what: string, cause?: unknown): Error =>
  ingestError('INGEST_SOURCE_FAILED', `file ${quote(path)} ${what}`, {
    details: { file: basename(path) },
    cause,
  })

async function* readFile(
  path: string,
  isGzip: boolean,
  version: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    const bytes = readBytes(path, version, signal)
    if (!isGzip) yield* bytes
    else yield* pipeline(Readable.from(bytes), createGunzip({ chunkSize: READ_BYTES }), noop)
  } catch (error) {
    if (signal?.aborted === true || isMillraceError(error)) throw error
    throw failed(
      path,
      isGzip ? 'is damaged or cut gzip data: fetch it again' : 'cannot be read',
      error,
    )
  }
}

// The error reaches the reader of the last stream.
const noop = (): void => {}

async function* readBytes(
  path: string,
  version: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const handle = await openRegular(path)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES)
      const { size, mtimeMs, ino } = await handle.stat()
      if (`${size}:${mtimeMs}:${ino}` !== version) throw changed(path)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

const changed = (path: string): Error =>
  ingestError(
    'INGEST_SOURCE_CHANGED',
    `file ${quote(path)} changed while it was read: replay a file that nobody writes to`,
    { details: { file: basename(path) } },
  )
