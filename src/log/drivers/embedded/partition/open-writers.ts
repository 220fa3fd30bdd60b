/**
 * The files that the partitions of a log keep open for appending. There may be thousands of partitions and fewer file handles:
 * the one that was used longest ago is closed, and opened again by its next append.
 */
export interface WriterHolder {
  /** Closes its file when no write is under way. */
  releaseWriter(): void
}

/** Far fewer than the 1,024 handles that a process may have at least; reopening costs some microseconds. */
const MOST = 256

export class OpenWriters {
  readonly #most: number
  /** In the order of their last use. */
  readonly #holders = new Set<WriterHolder>()

  constructor(most = MOST) {
    this.#most = most
  }

  used(holder: WriterHolder): void {
    this.#holders.delete(holder)
    this.#holders.add(holder)
    const [oldest] = this.#holders
    if (oldest === undefined || this.#holders.size <= this.#most) return
    this.#holders.delete(oldest)
    oldest.releaseWriter()
  }

  closed(holder: WriterHolder): void {
    this.#holders.delete(holder)
  }
}
