/**
 * One partition: its segments, its end, and how a batch gets behind that end.
 *
 * A batch is stored in this order: write at the end of the last segment, sync, then move the end. Whatever fails before
 * the last step leaves the end where it was, so no reader has seen the batch and nobody was told that it is stored.
 */
import type { MillraceError, NewRecord } from '../../../../core/index.ts'
import { AppendQueue } from './append-queue.ts'
import { logError } from '../../../errors.ts'
import type { OpenWriters, WriterHolder } from './open-writers.ts'
import { ProducerLedger } from './producer-ledger.ts'
import { recoverPartition, type CleanEnd, type Recovered } from './recovery.ts'
import type { Replacement } from './replacement.ts'
import { Segment, type SegmentPlace } from './segment.ts'
import type { BatchEncoder } from '../format/batch-encoder.ts'
import type { StoredBatch } from '../format/stored-batch.ts'
import { isFull, writeFully, type Storage, type StorageFile } from '../storage.ts'

/**
 * A write, and the piece that a checksum protects, at most: a batch grows while the one before it is on its way to the disk,
 * so a slow disk gets few and large ones.
 */
const BATCH_BYTES = 2 * 1024 * 1024

export interface PartitionOptions extends SegmentPlace {
  readonly segmentBytes: number
  /** Encoders for use again, shared with other partitions of the log. */
  readonly spareEncoders?: BatchEncoder[]
  /** The open files of all partitions of the log. */
  readonly writers?: OpenWriters
}

/** A batch in the making, or one that came whole. */
type WritableBatch = Omit<StoredBatch, 'producer'>

export class PartitionLog implements WriterHolder {
  readonly options: PartitionOptions
  readonly #storage: Storage
  readonly #queue: AppendQueue
  readonly #listeners = new Set<() => void>()
  #segments: Segment[]
  #writer: StorageFile | undefined
  /** Bytes behind the valid end of the last segment may be there: cut them before the next write. */
  #isTorn = false
  /** The last segment gets no more: a sync of it failed, or another one may have been begun behind it. */
  #isSuspect = false
  #closed: Error | undefined
  #replacing: Promise<void> | undefined
  /** Read from the stored batches when the first idempotent producer comes. */
  #producers: ProducerLedger | undefined
  /** Goes on with a replacement that a failure interrupted. */
  #resume: (() => Promise<void>) | undefined
  #resuming: Promise<void> | undefined
  /** A removed segment's name may come back after a power cut: no later one may go before it is gone for good. */
  #hasUnsyncedRemoval = false

  /**
   * Where the partition ends is not known: the last segment's file is somebody else's. What is before it is read, the rest
   * refused, so that no offset is given twice.
   */
  readonly broken: MillraceError | undefined

  private constructor(options: PartitionOptions, { segments, broken }: Recovered) {
    this.options = options
    this.broken = broken
    this.#storage = options.storage
    this.#segments = segments
    this.#queue = new AppendQueue(
      (batch) => this.#store(batch),
      Math.min(BATCH_BYTES, options.segmentBytes),
      options.spareEncoders,
    )
  }

  /** Opens the folder and repairs what a crash left; `cleanEnd` is what the last orderly close wrote down. */
  static async open(options: PartitionOptions, cleanEnd?: CleanEnd): Promise<PartitionLog> {
    return new PartitionLog(options, await recoverPartition(options, cleanEnd))
  }

  /** Ascending, at least one; a list that was taken does not change. */
  get segments(): readonly Segment[] {
    return this.#segments
  }

  get earliest(): number {
    return this.#segments[0]!.base
  }

  get end(): number {
    return this.#active.endOffset
  }

  get sizeBytes(): number {
    let sum = 0
    for (const segment of this.#segments) sum += segment.sizeBytes
    return sum
  }

  get #active(): Segment {
    return this.#segments.at(-1)!
  }

  /** Resolves to the first record's offset when all are durable; the others follow it densely. */
  append(records: readonly NewRecord[]): Promise<number> {
    const refusal = this.#closed ?? this.broken
    if (refusal !== undefined) return Promise.reject(refusal)
    return this.#queue.append(records)
  }

  /** Resolves when the batch is durable, or was already. Throws LOG_OUT_OF_SEQUENCE, LOG_PRODUCER_FENCED. */
  async appendBatch(batch: StoredBatch): Promise<{ baseOffset: number; isDuplicate: boolean }> {
    const refusal = this.#closed ?? this.broken
    if (refusal !== undefined) throw refusal
    return this.#queue.inTurn(async () => {
      const { producer } = batch
      if (producer === undefined) {
        return { baseOffset: await this.#store(batch), isDuplicate: false }
      }
      this.#producers ??= await ProducerLedger.rebuild(this)
      const existing = this.#producers.find(producer)
      if (existing !== undefined) return { baseOffset: existing, isDuplicate: true }
      const baseOffset = await this.#store(batch)
      this.#producers.stored(producer, baseOffset)
      return { baseOffset, isDuplicate: false }
    })
  }

  /** Why the partition takes part in nothing any more; undefined while it is open. */
  get closed(): Error | undefined {
    return this.#closed
  }

  /** Calls `run` whenever the end has moved; the returned function ends that. */
  onEnd(run: () => void): () => void {
    this.#listeners.add(run)
    return () => this.#listeners.delete(run)
  }

  /** The segment that holds `offset`, which must be in [earliest, end). */
  segmentOf(offset: number): Segment {
    let low = 0
    let high = this.#segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#segments[middle]!.base <= offset) low = middle
      else high = middle - 1
    }
    return this.#segments[low]!
  }

  /** Resolves when no replacement of segments is under way; one that a failure interrupted is tried again. */
  async settled(): Promise<void> {
    await this.#replacing
    if (this.#resume === undefined) return
    this.#resuming ??= this.#resume().finally(() => (this.#resuming = undefined))
    await this.#resuming
  }

  /** Closes the last segment for good and begins another one, unless it is empty. */
  seal(): Promise<void> {
    return this.#queue.between(async () => {
      if (this.#active.hasBatches) await this.#roll()
    })
  }

  /**
   * Removes the first `count` segments, each durably before the next: what a crash or a failure leaves has no gap. One
   * whose file cannot be removed stays, with all after it.
   */
  removeFirst(count: number): Promise<void> {
    const work = (async () => {
      for (const segment of this.#segments.slice(0, count)) {
        await this.#syncRemoved()
        await segment.remove()
        this.#segments = this.#segments.filter((other) => other !== segment)
        this.#hasUnsyncedRemoval = true
      }
      await this.#syncRemoved()
    })()
    this.#replacing = work.catch(() => {})
    return work
  }

  async #syncRemoved(): Promise<void> {
    if (!this.#hasUnsyncedRemoval) return
    await this.#storage.syncDir(this.options.folder)
    this.#hasUnsyncedRemoval = false
  }

  /**
   * Puts `next` in the place of adjacent segments. Reads of them wait for it. When it rejects, either nothing was replaced,
   * or the files are half moved: then whoever reads next goes on with it (`settled`).
   */
  async replaceSegments(
    gone: readonly Segment[],
    next: Segment,
    files: Replacement,
  ): Promise<void> {
    const retire = (isRetired: boolean): void => {
      for (const segment of gone) segment.isRetired = isRetired
    }
    const resume = async (): Promise<void> => {
      if (await files.isBegun()) {
        await files.finish()
        this.#segments = this.#segments.flatMap((segment) => {
          if (segment === gone[0]) return [next]
          return gone.includes(segment) ? [] : [segment]
        })
      } else retire(false)
      this.#resume = undefined
    }
    const work = (async () => {
      retire(true)
      this.#resume = resume
      const failure = await files.begin().catch((error: unknown) => error)
      await resume()
      if (failure !== undefined && gone.some((segment) => !segment.isRetired)) throw failure
    })()
    this.#replacing = work.catch(() => {})
    await work
  }

  /** Finishes what was appended before; everything after fails with `reason`. Undefined: the end is not known. */
  async close(reason: Error): Promise<CleanEnd | undefined> {
    this.#closed ??= reason
    await this.#queue.idle()
    for (const listener of this.#listeners) listener()
    this.options.writers?.closed(this)
    const active = this.#active
    await active.closeWriter()
    this.#writer = undefined
    if (this.broken !== undefined) return undefined
    return { base: active.base, sizeBytes: active.sizeBytes, endOffset: active.endOffset }
  }

  async #store(batch: WritableBatch): Promise<number> {
    if (this.#isSuspect) await this.#roll()
    const file = await this.#openWriter()
    if (this.#isTorn) await this.#cutTail(file)
    const fits = this.#active.sizeBytes + batch.sizeBytes <= this.options.segmentBytes
    if (!fits && this.#active.hasBatches) {
      await this.#roll()
      return this.#write(await this.#openWriter(), batch)
    }
    return this.#write(file, batch)
  }

  async #write(file: StorageFile, batch: WritableBatch): Promise<number> {
    const active = this.#active
    const base = active.endOffset
    const bytes = batch.finish(base)
    try {
      await writeFully(file, bytes, active.sizeBytes)
    } catch (error) {
      this.#isTorn = true
      await this.#cutTail(file).catch(() => {})
      throw this.#failure('write', error)
    }
    try {
      await file.datasync()
    } catch (error) {
      this.#isTorn = true
      this.#isSuspect = true
      await this.#cutTail(file).catch(() => {})
      throw this.#failure('sync', error)
    }
    active.liveIndex.add(base, active.sizeBytes, batch.maxTimestamp)
    active.sizeBytes += bytes.length
    active.endOffset = base + batch.span
    for (const listener of this.#listeners) listener()
    return base
  }

  /** Takes a half-written batch away, at once if possible, so that a full disk gets its space back. */
  async #cutTail(file: StorageFile): Promise<void> {
    try {
      await file.truncate(this.#active.sizeBytes)
    } catch (error) {
      throw this.#failure('truncate', error)
    }
    this.#isTorn = false
  }

  async #openWriter(): Promise<StorageFile> {
    try {
      this.#writer ??= await this.#active.openWriter('write')
      this.options.writers?.used(this)
      return this.#writer
    } catch (error) {
      throw this.#failure('open', error)
    }
  }

  /**
   * Begins a segment at the end offset: file with header, then folder synced, so that its name is durable before its first
   * batch is.
   * An older file of that name can only be the rest of an attempt that failed, and is emptied.
   */
  async #roll(): Promise<void> {
    const last = this.#active
    let next: Segment | undefined
    try {
      // A suspect segment without a batch has the next one's name: its file must not be used again.
      if (!last.hasBatches) await this.#closeWriter()
      const made = last.hasBatches
        ? await Segment.create(this.options, last.endOffset)
        : await Segment.replace(this.options, last.base)
      next = made.segment
      await this.#storage.syncDir(this.options.folder)
      await this.#closeWriter()
      this.#writer = made.file
    } catch (error) {
      await next?.closeWriter().catch(() => {})
      // The new file may be there: a batch that went into the old one from here on would be hidden by its name.
      this.#isSuspect = true
      throw this.#failure('begin a segment', error)
    }
    const before = this.#segments
    if (next.base === last.base) this.#segments = [...before.slice(0, -1), next]
    else {
      this.#segments = [...before, next]
      await last.storeIndex().catch((error: unknown) => this.#warn(error, last.path))
    }
    this.#isTorn = false
    this.#isSuspect = false
  }

  async #closeWriter(): Promise<void> {
    this.#writer = undefined
    await this.#active.closeWriter()
  }

  releaseWriter(): void {
    // A close that fails has nothing to lose: all of it is synced.
    this.#queue.between(() => this.#closeWriter()).catch(() => {})
  }

  #warn(cause: unknown, file: string): void {
    const { logger, topic, partition } = this.options
    logger.warn({ topic, partition, file, err: cause }, 'index not stored: it will be built again')
  }

  #failure(step: string, cause: unknown): Error {
    if (isFull(cause)) {
      return logError(
        'LOG_STORAGE_FULL',
        `the disk of ${this.#active.path} is full: nothing was stored; free some space, writing goes on by itself`,
        { cause, retryAfterSeconds: 5, details: { file: this.#active.path } },
      )
    }
    return logError(
      'LOG_STORAGE_FAILED',
      `could not ${step} ${this.#active.path}: nothing was acknowledged; check the disk`,
      { cause, retryAfterSeconds: 5, details: { file: this.#active.path, step } },
    )
  }
}
