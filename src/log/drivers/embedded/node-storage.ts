/**
 * The real file system. Callbacks instead of `fs/promises`: a FileHandle costs several objects per call, and these calls
 * are the log's inner loop.
 */
import * as fs from 'node:fs'
import { mkdir, readdir, rename, link, unlink, rmdir } from 'node:fs/promises'
import type { OpenMode, Storage, StorageFile } from './storage.ts'

const { O_RDONLY, O_RDWR, O_CREAT, O_TRUNC } = fs.constants
const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_RDWR,
  create: O_RDWR | O_CREAT | O_TRUNC,
}
/** Events are their owner's: not readable by other users of the machine. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

type Done<T> = (error: NodeJS.ErrnoException | null, result?: T) => void

const call = <T>(run: (done: Done<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    run((error, result) => (error ? reject(error) : resolve(result as T)))
  })

class NodeFile implements StorageFile {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return call((done) => fs.read(this.#fd, target, 0, target.length, position, done))
  }

  write(source: Uint8Array, position: number): Promise<number> {
    return call((done) => fs.write(this.#fd, source, 0, source.length, position, done))
  }

  datasync(): Promise<void> {
    return call((done) => fs.fdatasync(this.#fd, done))
  }

  truncate(sizeBytes: number): Promise<void> {
    return call((done) => fs.ftruncate(this.#fd, sizeBytes, done))
  }

  async size(): Promise<number> {
    const stats = await call<fs.Stats>((done) => fs.fstat(this.#fd, done))
    return stats.size
  }

  close(): Promise<void> {
    return call((done) => fs.close(this.#fd, done))
  }
}

export const nodeStorage: Storage = {
  async open(path, mode) {
    return new NodeFile(await call((done) => fs.open(path, FLAGS[mode], FILE_MODE, done)))
  },
  list: (folder) => readdir(folder),
  async makeDir(folder) {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  },
  rename,
  link,
  unlink,
  removeDir: (folder) => rmdir(folder),
  async syncDir(folder) {
    const fd = await call<number>((done) => fs.open(folder, O_RDONLY, done))
    try {
      await call<void>((done) => fs.fsync(fd, done))
    } finally {
      await call<void>((done) => fs.close(fd, done))
    }
  },
}
