/**
 * One segment file, `<base offset, 20 digits>.log`: a header that says whose it is, then adjacent record batches from `base`
 * up to `endOffset`, which is where the next segment begins. A sealed segment never changes; its header is compared and its
 * index, which lies beside it, is read when first needed.
 */
import { join } from 'node:path'
import type { Logger, MillraceError } from '../../../../core/index.ts'
import { corrupt } from './corruption.ts'
import { TEMPORARY_SUFFIX } from '../folder/durable-file.ts'
import { scanSegment } from './segment-scan.ts'
import { SharedFile } from './shared-file.ts'
import {
  BEGINNING_BYTES,
  encodeSegmentHeader,
  headerChecksum,
  judgeBeginning,
  nameOf,
  SEGMENT_HEADER_BYTES,
  type Beginning,
  type SegmentIdentity,
} from '../format/segment-header.ts'
import { SparseIndex, type IndexedFile } from '../format/sparse-index.ts'
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

/** The partition that a segment belongs to. */
export interface SegmentPlace {
  readonly storage: Storage
  readonly logger: Logger
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly folder: string
  /** Segments from a base beyond it have a header; the others may be of format 1, which had none. */
  readonly unnamedUpTo: number
}

interface SegmentState {
  /** Where the first batch begins; undefined: the header is looked at when the file is first used. */
  readonly start?: number
  readonly sizeBytes: number
  readonly endOffset: number
  readonly index?: SparseIndex
}

export class Segment {
  readonly base: number
  readonly path: string
  readonly #indexPath: string
  readonly #place: SegmentPlace
  readonly #storage: Storage
  /** Bytes that are durable and valid; what lies behind them is no part of the segment. */
  sizeBytes: number
  endOffset: number
  /** Removed or replaced: a read that began before must look again. */
  isRetired = false
  #start: number | undefined
  #index: SparseIndex | undefined
  #loading: Promise<SparseIndex> | undefined
  #reader: SharedFile | undefined
  #writer: SharedFile | undefined

  constructor(place: SegmentPlace, base: number, state: SegmentState) {
    const { storage, folder } = place
    this.#place = place
    this.#storage = storage
    this.#start = state.start
    this.base = base
    this.path = join(folder, segmentName(base) + LOG_SUFFIX)
    this.#indexPath = join(folder, segmentName(base) + INDEX_SUFFIX)
    this.sizeBytes = state.sizeBytes
    this.endOffset = state.endOffset
    this.#index = state.index
  }

  /** Begins a segment at `base`: its file with its header, durable; the folder is not synced. Open until `closeWriter`. */
  static async create(
    place: SegmentPlace,
    base: number,
  ): Promise<{ segment: Segment; file: StorageFile }> {
    const state = { start: SEGMENT_HEADER_BYTES, sizeBytes: SEGMENT_HEADER_BYTES, endOffset: base }
    const segment = new Segment(place, base, { ...state, index: new SparseIndex() })
    try {
      const file = await segment.openWriter('create')
      await writeFully(file, encodeSegmentHeader(segment.identity), 0)
      await file.datasync()
      return { segment, file }
    } catch (error) {
      await segment.closeWriter().catch(() => {})
      throw error
    }
  }

  /**
   * Begins a segment without batches anew, in a file of its own that takes the name of the old one: there is always one, and a
   * name that was durable stays so. Open until `closeWriter`.
   */
  static async replace(
    place: SegmentPlace,
    base: number,
  ): Promise<{ segment: Segment; file: StorageFile }> {
    const { storage } = place
    const state = { start: SEGMENT_HEADER_BYTES, sizeBytes: SEGMENT_HEADER_BYTES, endOffset: base }
    const segment = new Segment(place, base, { ...state, index: new SparseIndex() })
    const temporary = segment.path + TEMPORARY_SUFFIX
    const made = await storage.open(temporary, 'create')
    try {
      await writeFully(made, encodeSegmentHeader(segment.identity), 0)
      await made.datasync()
    } finally {
      await made.close()
    }
    await storage.rename(temporary, segment.path)
    return { segment, file: await segment.openWriter('write') }
  }

  get identity(): SegmentIdentity {
    const { topicId, partition } = this.#place
    return { topicId, partition, base: this.base }
  }

  get hasBatches(): boolean {
    return this.endOffset > this.base
  }

  /** Where the first batch begins. Known inside of `use`. */
  get start(): number {
    if (this.#start === undefined) throw new TypeError('a segment was read before it was looked at')
    return this.#start
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
        start: this.start,
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
        return SparseIndex.decode(content, this.#indexed)
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
      await writeFully(file, this.liveIndex.encode(this.#indexed), 0)
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  get #indexed(): IndexedFile {
    const { base, endOffset, sizeBytes, identity } = this
    return { base, endOffset, sizeBytes, owner: headerChecksum(identity) }
  }

  /** Runs with the open file, which stays open while anyone uses it. Throws LOG_CORRUPT for somebody else's file. */
  async use<T>(run: (file: StorageFile) => Promise<T>): Promise<T> {
    const shared = this.#writer ?? this.#openReader()
    try {
      const file = await shared.acquire()
      if (this.#start === undefined) await this.#identify(file)
      return await run(file)
    } finally {
      await shared.release()
    }
  }

  async #identify(file: StorageFile): Promise<void> {
    const beginning = await this.judge(file)
    if (beginning.kind === 'foreign') throw this.misplaced(beginning.what, this.endOffset)
    if (beginning.kind === 'damaged') this.tellDamagedHeader()
    this.#start = beginning.start
  }

  /** Whose file this is, by its own word. */
  async judge(file: StorageFile): Promise<Beginning> {
    const bytes = new Uint8Array(BEGINNING_BYTES)
    const count = await readFully(file, bytes, 0)
    const mayBeUnnamed = this.base <= this.#place.unnamedUpTo
    return judgeBeginning(bytes.subarray(0, count), this.identity, mayBeUnnamed)
  }

  /** Nothing in what is left of the header speaks for another segment, so the records behind it are served. */
  tellDamagedHeader(): void {
    const { logger, topic, partition } = this.#place
    const facts = { topic, partition, file: this.path, position: 0, offset: this.base }
    logger.error(
      facts,
      'the header of a segment is damaged, what is left of it is its own: its records are served',
    )
  }

  /** LOG_CORRUPT: another segment's file lies where this one's should. `nextOffset`: where reading can go on. */
  misplaced(what: string, nextOffset: number | undefined): MillraceError {
    const { topic, partition } = this.#place
    const damage = { file: this.path, position: 0, topic, partition, offset: this.base, nextOffset }
    return corrupt(damage, `${what}, expected was ${nameOf(this.identity)}`)
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
