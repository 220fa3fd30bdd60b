/**
 * One segment file, `<base offset, 20 digits>.log`: adjacent record batches from `base` up to `endOffset`, which is where
 * the next segment begins. A sealed segment never changes; its index lies beside it and is read when first needed.
 */
import { join } from 'node:path'
import { scanSegment } from './segment-scan.ts'
import { SharedFile } from './shared-file.ts'
import { SparseIndex } from '../format/sparse-index.ts'
import {
  readFully,
  storageCode,
  unlinkIfThere,
  writeFully,
  type OpenMode,
  type Storage,
  type StorageFile,
} from '../storage.ts'

export const LOG_SUFFIX = '.log'
export const INDEX_SUFFIX = '.index'

export const segmentName = (base: number): string => String(base).padStart(20, '0')

/** The base offset that a segment's file name says, or undefined for any other file. */
export function baseOfName(name: string): number | undefined {
  return /^\d{20}\.log$/.test(name) ? Number(name.slice(0, 20)) : undefined
}

export class Segment {
  readonly base: number
  readonly path: string
  readonly #indexPath: string
  readonly #storage: Storage
  /** Bytes that are durable and valid; what lies behind them is no part of the segment. */
  sizeBytes: number
  endOffset: number
  /** Removed or replaced: a read that began before must look again. */
  isRetired = false
  #index: SparseIndex | undefined
  #loading: Promise<SparseIndex> | undefined
  #reader: SharedFile | undefined
  #writer: SharedFile | undefined

  constructor(
    storage: Storage,
    folder: string,
    base: number,
    state: { sizeBytes: number; endOffset: number; index?: SparseIndex },
  ) {
    this.#storage = storage
    this.base = base
    this.path = join(folder, segmentName(base) + LOG_SUFFIX)
    this.#indexPath = join(folder, segmentName(base) + INDEX_SUFFIX)
    this.sizeBytes = state.sizeBytes
    this.endOffset = state.endOffset
    this.#index = state.index
  }

  /** The index of a segment that is appended to, which is always in memory. */
  get liveIndex(): SparseIndex {
    if (this.#index === undefined) throw new TypeError('a segment without an index was appended to')
    return this.#index
  }

  /** The index: in memory, else the stored one, else built by a scan and stored. */
  index(): Promise<SparseIndex> {
    if (this.#index !== undefined) return Promise.resolve(this.#index)
    this.#loading ??= this.#loadIndex().finally(() => (this.#loading = undefined))
    return this.#loading
  }

  /** Builds the index anew from the file, after damage was met: it then has an entry behind each hole. */
  async rescan(): Promise<SparseIndex> {
    const scan = await this.use(async (file) =>
      scanSegment(file, {
        base: this.base,
        fileBytes: this.sizeBytes,
        endOffset: this.endOffset,
      }),
    )
    scan.index.compacted = this.#index?.compacted ?? false
    scan.index.tombstonesFrom = this.#index?.tombstonesFrom ?? Infinity
    this.#index = scan.index
    return scan.index
  }

  async #loadIndex(): Promise<SparseIndex> {
    const stored = await this.#readIndex()
    this.#index = stored
    if (stored !== undefined) return stored
    const index = await this.rescan()
    // The index is a cache: a disk that is full must not stop a read.
    await this.storeIndex().catch(() => {})
    return index
  }

  async #readIndex(): Promise<SparseIndex | undefined> {
    try {
      const file = await this.#storage.open(this.#indexPath, 'read')
      try {
        const bytes = new Uint8Array(await file.size())
        const count = await readFully(file, bytes, 0)
        const content = bytes.subarray(0, count)
        return SparseIndex.decode(content, this.base, this.endOffset, this.sizeBytes)
      } finally {
        await file.close()
      }
    } catch (error) {
      if (storageCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Writes `<base>.index`. A torn one fails its checksum and is built again, so no temporary name is needed. */
  async storeIndex(): Promise<void> {
    const file = await this.#storage.open(this.#indexPath, 'create')
    try {
      await writeFully(file, this.liveIndex.encode(this.base, this.endOffset, this.sizeBytes), 0)
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  /** Runs with the open file, which stays open while anyone uses it. */
  async use<T>(run: (file: StorageFile) => Promise<T>): Promise<T> {
    const shared = this.#writer ?? this.#openReader()
    try {
      return await run(await shared.acquire())
    } finally {
      await shared.release()
    }
  }

  /** Opens the file for appending and keeps it open until `closeWriter`. */
  async openWriter(mode: OpenMode): Promise<StorageFile> {
    const writer = new SharedFile(this.#storage, this.path, mode)
    const file = await writer.acquire()
    this.#writer = writer
    return file
  }

  async closeWriter(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await writer?.release()
  }

  /** When it rejects, the segment is in use as before. */
  async remove(): Promise<void> {
    this.isRetired = true
    try {
      for (const path of [this.#indexPath, this.path]) await unlinkIfThere(this.#storage, path)
    } catch (error) {
      this.isRetired = false
      throw error
    }
  }

  #openReader(): SharedFile {
    if (this.#reader?.isUsed !== true) {
      this.#reader = new SharedFile(this.#storage, this.path, 'read')
    }
    return this.#reader
  }
}
