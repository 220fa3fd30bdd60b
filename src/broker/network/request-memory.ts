/** The memory that all connections' requests share: above the bound none is read further until others are answered. */
export interface MemoryHolder {
  readonly pendingBytes: number
  /** There is room again. */
  resume(): void
}

export class RequestMemory {
  readonly #maxBytes: number
  readonly #held = new Map<MemoryHolder, number>()
  readonly #stopped = new Set<MemoryHolder>()
  #total = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Tells what the holder holds now; false when it must not read further, until `resume` is called. */
  update(holder: MemoryHolder): boolean {
    this.#count(holder, holder.pendingBytes)
    if (this.#total > this.#maxBytes) {
      this.#stopped.add(holder)
      return false
    }
    this.#stopped.delete(holder)
    this.#wake()
    return true
  }

  forget(holder: MemoryHolder): void {
    this.#count(holder, 0)
    this.#held.delete(holder)
    this.#stopped.delete(holder)
    this.#wake()
  }

  #count(holder: MemoryHolder, bytes: number): void {
    this.#total += bytes - (this.#held.get(holder) ?? 0)
    this.#held.set(holder, bytes)
  }

  #wake(): void {
    if (this.#total > this.#maxBytes || this.#stopped.size === 0) return
    const stopped = [...this.#stopped]
    this.#stopped.clear()
    for (const holder of stopped) holder.resume()
  }
}
