/** An open file with several users: closed when the last one lets go. */
import type { OpenMode, Storage, StorageFile } from '../storage.ts'

export class SharedFile {
  readonly #file: Promise<StorageFile>
  #users = 0

  constructor(storage: Storage, path: string, mode: OpenMode) {
    this.#file = storage.open(path, mode)
  }

  get isUsed(): boolean {
    return this.#users > 0
  }

  acquire(): Promise<StorageFile> {
    this.#users++
    return this.#file
  }

  async release(): Promise<void> {
    if (--this.#users > 0) return
    // An open that failed has nothing to close; whoever asked for the file has the error.
    const file = await this.#file.catch(() => undefined)
    await file?.close()
  }
}
