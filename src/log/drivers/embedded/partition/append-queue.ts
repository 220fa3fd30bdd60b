/**
 * Group commit for one partition. Appends are encoded the moment they arrive, into the batch that fills while the one
 * before it is on its way to the disk; then that one goes as one write and one sync, and all its appends are answered
 * together. So the slower the disk, the more records share a sync.
 *
 * One write is one batch: recovery relies on it (segment-scan.ts).
 */
import type { NewRecord } from '../../../../core/index.ts'
import { BatchEncoder } from '../format/batch-encoder.ts'

/** Stores the batch durably and returns its base offset. */
export type StoreBatch = (batch: BatchEncoder) => Promise<number>

/** Full batches that may wait for the disk, each of `batchBytes`; further appends wait unencoded. */
const MAX_FULL_BATCHES = 16
/** Encoders that all partitions of a log keep together for use again: there may be thousands of partitions. */
const MAX_SPARE = 8
/** Larger buffers are given back: one huge record must not keep its memory for ever. */
const MAX_SPARE_BYTES = 4 * 1024 * 1024

interface PendingAppend {
  readonly records: readonly NewRecord[]
  readonly resolve: (firstOffset: number) => void
  readonly reject: (error: unknown) => void
  /** Batches that hold records of it and are not stored yet. */
  batchesLeft: number
  firstOffset: number
  hasFailed: boolean
}

interface OpenBatch {
  readonly encoder: BatchEncoder
  readonly appends: PendingAppend[]
  /** For each append, the index in the batch of its first record there. */
  readonly starts: number[]
}

/** A write that brings its own bytes; takes its turn among the batches. */
interface WholeWrite {
  readonly run: () => Promise<void>
}

export class AppendQueue {
  readonly #store: StoreBatch
  readonly #batchBytes: number
  readonly #full: (OpenBatch | WholeWrite)[] = []
  readonly #waiting: (PendingAppend | WholeWrite)[] = []
  readonly #tasks: (() => Promise<void>)[] = []
  readonly #spare: BatchEncoder[]
  #open: OpenBatch | undefined
  #draining: Promise<void> | undefined

  /** @param spare encoders without records, which several queues may share. */
  constructor(store: StoreBatch, batchBytes: number, spare: BatchEncoder[] = []) {
    this.#store = store
    this.#batchBytes = batchBytes
    this.#spare = spare
  }

  /** Resolves to the offset of the first record when all are durable; the others follow it densely. */
  append(records: readonly NewRecord[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const append: PendingAppend = {
        records,
        resolve,
        reject,
        batchesLeft: 0,
        firstOffset: -1,
        hasFailed: false,
      }
      this.#accept(append)
    })
  }

  /** Runs `write` when everything appended before it is stored or refused, and before anything appended later. */
  inTurn<T>(write: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#accept({ run: () => write().then(resolve, reject) })
    })
  }

  /** Runs `task` between two writes, so that it may change what the next one is written to. */
  between(task: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#tasks.push(() => task().then(resolve, reject))
      this.#draining ??= this.#drain()
    })
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining
  }

  #accept(item: PendingAppend | WholeWrite): void {
    if (this.#waiting.length > 0 || this.#full.length >= MAX_FULL_BATCHES) this.#waiting.push(item)
    else this.#encode(item)
    this.#draining ??= this.#drain()
  }

  #encode(append: PendingAppend | WholeWrite): void {
    if ('run' in append) {
      this.#close()
      this.#full.push(append)
      return
    }
    const { records } = append
    let batch: OpenBatch | undefined
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!
      if (batch?.encoder.addWithin(this.#batchBytes, record) !== true) {
        batch = this.#touch(append, record)
      }
    }
  }

  /** Puts `record`, and `append` as one of those that wait for it, into the open batch, or the next one if that is full. */
  #touch(append: PendingAppend, record: NewRecord): OpenBatch {
    let batch = this.#open
    let start = batch?.encoder.count ?? 0
    if (batch?.encoder.addWithin(this.#batchBytes, record) !== true) {
      this.#close()
      batch = { encoder: this.#spare.pop() ?? new BatchEncoder(), appends: [], starts: [] }
      start = 0
      this.#open = batch
      batch.encoder.add(record)
    }
    batch.appends.push(append)
    batch.starts.push(start)
    append.batchesLeft++
    return batch
  }

  #close(): void {
    if (this.#open !== undefined) this.#full.push(this.#open)
    this.#open = undefined
  }

  async #drain(): Promise<void> {
    // One turn of the microtask queue: appends made in one go share the first write.
    await Promise.resolve()
    for (;;) {
      for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) await task()
      const batch = this.#next()
      if (batch === undefined) {
        // In the same turn as the look that found nothing: an append after it begins another drain.
        this.#draining = undefined
        return
      }
      if ('run' in batch) await batch.run()
      else await this.#writeOpen(batch)
      while (this.#waiting.length > 0 && this.#full.length < MAX_FULL_BATCHES) {
        this.#encode(this.#waiting.shift()!)
      }
    }
  }

  async #writeOpen(batch: OpenBatch): Promise<void> {
    await this.#write(batch)
    if (batch.encoder.sizeBytes <= MAX_SPARE_BYTES && this.#spare.length < MAX_SPARE) {
      batch.encoder.reset()
      this.#spare.push(batch.encoder)
    }
  }

  #next(): OpenBatch | WholeWrite | undefined {
    const full = this.#full.shift()
    if (full !== undefined) return full
    const open = this.#open
    this.#open = undefined
    return open
  }

  async #write(batch: OpenBatch): Promise<void> {
    // The rest of an append that has failed already is not worth the disk.
    if (batch.appends.every((append) => append.hasFailed)) return
    try {
      const base = await this.#store(batch.encoder)
      for (let index = 0; index < batch.appends.length; index++) {
        const append = batch.appends[index]!
        if (append.firstOffset < 0) append.firstOffset = base + batch.starts[index]!
        if (--append.batchesLeft === 0 && !append.hasFailed) append.resolve(append.firstOffset)
      }
    } catch (error) {
      for (const append of batch.appends) {
        append.hasFailed = true
        append.reject(error)
      }
    }
  }
}
