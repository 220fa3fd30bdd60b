/**
 * Small files that are replaced whole: one line of JSON and, on a second line, the CRC-32C of the first. Written under a
 * temporary name, synced, renamed, folder synced: a reader finds the old content or the new one, and a flipped bit is
 * found.
 */
import { dirname } from 'node:path'
import { crc32c } from '../../../../kernels/index.ts'
import { corrupt } from '../partition/corruption.ts'
import { readFully, storageCode, writeFully, type Storage } from '../storage.ts'

export const TEMPORARY_SUFFIX = '.tmp'

/** CRC-32C of a line of text, eight hexadecimal digits. */
export const checksum = (line: string): string =>
  crc32c(new TextEncoder().encode(line)).toString(16).padStart(8, '0')

/** Durable when it resolves. */
export async function writeDurableFile(
  storage: Storage,
  path: string,
  value: unknown,
): Promise<void> {
  const line = JSON.stringify(value)
  const temporary = path + TEMPORARY_SUFFIX
  await writeText(storage, temporary, `${line}\n${checksum(line)}\n`)
  await storage.rename(temporary, path)
  await storage.syncDir(dirname(path))
}

/** The value, or undefined when there is no such file. Throws LOG_CORRUPT. */
export async function readDurableFile(storage: Storage, path: string): Promise<unknown> {
  const text = await readText(storage, path)
  if (text === undefined) return undefined
  const [line = '', sum] = text.split('\n')
  if (sum !== checksum(line)) {
    throw corrupt({ file: path, position: 0 }, 'its content does not match its checksum')
  }
  return JSON.parse(line) as unknown
}

/** Writes a file and syncs it, not its folder. */
export async function writeText(storage: Storage, path: string, text: string): Promise<void> {
  const file = await storage.open(path, 'create')
  try {
    await writeFully(file, new TextEncoder().encode(text), 0)
    await file.datasync()
  } finally {
    await file.close()
  }
}

const CHUNK_BYTES = 16 * 1024

/** The text of a file, or undefined when there is none. Reads to the end, so also files without a size (`/proc`). */
export async function readText(storage: Storage, path: string): Promise<string | undefined> {
  let file
  try {
    file = await storage.open(path, 'read')
  } catch (error) {
    if (storageCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const decoder = new TextDecoder()
    let text = ''
    for (let position = 0; ;) {
      const chunk = new Uint8Array(CHUNK_BYTES)
      const count = await readFully(file, chunk, position)
      text += decoder.decode(chunk.subarray(0, count), { stream: true })
      position += count
      if (count < CHUNK_BYTES) return text + decoder.decode()
    }
  } finally {
    await file.close()
  }
}
