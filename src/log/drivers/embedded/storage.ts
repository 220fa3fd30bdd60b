/**
 * Everything the embedded log asks of a file system, and nothing else: the driver imports no `fs`. A deterministic
 * simulated disk stands behind the same few calls.
 *
 * What the driver relies on (the failure model, SPEC.md section 4):
 * - a byte is durable after `datasync` of its file resolved, a name after `syncDir` of its folder resolved; before that a
 *   crash of the machine may keep, lose or tear either, in any order;
 * - `rename` and `link` are atomic for readers; `link` fails with EEXIST when the target is there;
 * - `read` and `write` may do less than asked and say how much.
 *
 * A failure is an `Error` with a `code` as in errno(3): `ENOSPC`, `EDQUOT`, `EIO`, `ENOENT`, `EEXIST`, …
 */
export interface StorageFile {
  /** Fills `target` from `position`; resolves to the count of bytes, 0 at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>
  /** Writes the beginning of `source` at `position`; resolves to the count of bytes that were taken. */
  write(source: Uint8Array, position: number): Promise<number>
  /** Resolves when content and length are durable. */
  datasync(): Promise<void>
  truncate(sizeBytes: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

/** `read`: must exist. `write`: must exist, read and write. `create`: new or emptied, read and write. */
export type OpenMode = 'read' | 'write' | 'create'

export interface Storage {
  open(path: string, mode: OpenMode): Promise<StorageFile>
  /** Names in a folder, in no order. */
  list(folder: string): Promise<readonly string[]>
  /** Makes a folder and those above it; one that is there is fine. */
  makeDir(folder: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** A second name for a file; atomic, EEXIST when `to` is there. */
  link(from: string, to: string): Promise<void>
  /** Removes a file. */
  unlink(path: string): Promise<void>
  /** Removes an empty folder. */
  removeDir(folder: string): Promise<void>
  syncDir(folder: string): Promise<void>
}

/** The `code` of a storage failure, `''` for anything else. */
export const storageCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

export const isFull = (error: unknown): boolean =>
  storageCode(error) === 'ENOSPC' || storageCode(error) === 'EDQUOT'

/** How often in a row a call may make no progress before it counts as failed. */
const MAX_IDLE_CALLS = 8
/** How often in a row a call may be interrupted: far more than signals come, so that a loop without an end shows. */
const MAX_INTERRUPTIONS = 1_000

/** Writes all of `bytes`: a call that takes only part is continued (a full disk does that without an error). */
export async function writeFully(
  file: StorageFile,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0
  for (let idle = 0; done < bytes.length;) {
    const count = await repeated(() => file.write(bytes.subarray(done), position + done))
    done += count
    idle = count > 0 ? 0 : idle + 1
    if (idle > MAX_IDLE_CALLS) {
      throw Object.assign(new Error('the disk takes no more bytes and gives no reason'), {
        code: 'EIO',
      })
    }
  }
}

/** Fills `target` as far as the file goes; resolves to the count of bytes. */
export async function readFully(
  file: StorageFile,
  target: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0
  while (done < target.length) {
    const count = await repeated(() => file.read(target.subarray(done), position + done))
    if (count === 0) break
    done += count
  }
  return done
}

/** A call that a signal interrupted did nothing: it is made again, and never taken for the end of a file. */
async function repeated(call: () => Promise<number>): Promise<number> {
  for (let interruptions = 0; ; interruptions++) {
    try {
      return await call()
    } catch (error) {
      const code = storageCode(error)
      const isInterrupted = code === 'EINTR' || code === 'EAGAIN'
      if (!isInterrupted || interruptions >= MAX_INTERRUPTIONS) throw error
    }
  }
}

export async function unlinkIfThere(storage: Storage, path: string): Promise<void> {
  try {
    await storage.unlink(path)
  } catch (error) {
    if (storageCode(error) !== 'ENOENT') throw error
  }
}
