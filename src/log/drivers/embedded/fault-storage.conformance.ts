/** A storage that fails on purpose, around another one: for tests of what the driver does then. */
import type { Storage, StorageFile } from './storage.ts'

export type FaultCall = 'open' | 'write' | 'datasync' | 'truncate' | 'rename' | 'unlink' | 'syncDir'

export interface Faults {
  /** Called before each call; an error that it returns is thrown instead. */
  fail?: (call: FaultCall, path: string) => Error | undefined
  /** Most bytes that one write or read takes; a function is asked each time. */
  maxBytes?: () => number
}

export const errno = (code: string): Error => Object.assign(new Error(code), { code })

/** `faults` may be changed while the storage is in use. */
export function faultStorage(inner: Storage, faults: Faults): Storage {
  const check = (call: FaultCall, path: string): void => {
    const error = faults.fail?.(call, path)
    if (error !== undefined) throw error
  }
  const part = (bytes: Uint8Array): Uint8Array =>
    bytes.subarray(0, Math.min(bytes.length, faults.maxBytes?.() ?? Infinity))
  const wrap = (file: StorageFile, path: string): StorageFile => ({
    read: async (target, position) => file.read(part(target), position),
    async write(source, position) {
      check('write', path)
      return file.write(part(source), position)
    },
    async datasync() {
      check('datasync', path)
      await file.datasync()
    },
    async truncate(sizeBytes) {
      check('truncate', path)
      await file.truncate(sizeBytes)
    },
    size: () => file.size(),
    close: () => file.close(),
  })
  return {
    async open(path, mode) {
      check('open', path)
      return wrap(await inner.open(path, mode), path)
    },
    list: (folder) => inner.list(folder),
    makeDir: (folder) => inner.makeDir(folder),
    async rename(from, to) {
      check('rename', to)
      await inner.rename(from, to)
    },
    link: (from, to) => inner.link(from, to),
    async unlink(path) {
      check('unlink', path)
      await inner.unlink(path)
    },
    removeDir: (folder) => inner.removeDir(folder),
    async syncDir(folder) {
      check('syncDir', folder)
      await inner.syncDir(folder)
    },
  }
}
