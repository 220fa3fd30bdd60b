/** Memory that many share: who wants some waits, first come first served, until others gave enough back. */
export class ByteBudget {
  readonly #total: number
  #free: number
  readonly #waiting: { readonly bytes: number; readonly resolve: () => void }[] = []

  constructor(total: number) {
    this.#total = total
    this.#free = total
  }

  /** Resolves when `bytes` are taken; more than the total counts as the total. */
  take(bytes: number): Promise<void> {
    const wanted = Math.min(bytes, this.#total)
    if (this.#waiting.length === 0 && wanted <= this.#free) {
      this.#free -= wanted
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#waiting.push({ bytes: wanted, resolve }))
  }

  giveBack(bytes: number): void {
    this.#free += Math.min(bytes, this.#total)
    while (this.#waiting.length > 0 && this.#waiting[0]!.bytes <= this.#free) {
      const next = this.#waiting.shift()!
      this.#free -= next.bytes
      next.resolve()
    }
  }
}
