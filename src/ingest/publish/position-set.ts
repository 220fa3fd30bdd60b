/** A set of positions as sorted runs: `[1,5000],[5002,9000]`. Positions come nearly in order, so it stays short. */

export type Run = readonly [first: number, last: number]

/** Runs kept; beyond, the first gaps are closed, which counts their positions as settled. */
const MAX_RUNS = 1_000

export class PositionSet {
  #runs: [number, number][]

  constructor(runs: readonly Run[] = []) {
    this.#runs = runs.map(([first, last]) => [first, last])
  }

  get runs(): readonly Run[] {
    return this.#runs
  }

  /** The highest position; 0 when empty. */
  get last(): number {
    return this.#runs.at(-1)?.[1] ?? 0
  }

  /** The highest position up to which all are there; 0 when 1 is missing. */
  get complete(): number {
    const first = this.#runs[0]
    return first?.[0] === 1 ? first[1] : 0
  }

  has(position: number): boolean {
    const run = this.#runs[this.#find(position)]
    return run !== undefined && run[0] <= position
  }

  add(position: number): void {
    const tail = this.#runs.at(-1)
    if (tail && position === tail[1] + 1) {
      tail[1] = position
      return
    }
    const at = this.#find(position)
    const next = this.#runs[at]
    if (next && next[0] <= position) return
    const before = at > 0 ? this.#runs[at - 1] : undefined
    const joinsBefore = before?.[1] === position - 1
    const joinsNext = next?.[0] === position + 1
    if (before && next && joinsBefore && joinsNext) {
      before[1] = next[1]
      this.#runs.splice(at, 1)
    } else if (before && joinsBefore) before[1] = position
    else if (next && joinsNext) next[0] = position
    else this.#runs.splice(at, 0, [position, position])
    if (this.#runs.length > MAX_RUNS) this.#closeFirstGap()
  }

  /** Index of the first run that ends at or after `position`. */
  #find(position: number): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#runs[middle]![1] < position) low = middle + 1
      else high = middle
    }
    return low
  }

  #closeFirstGap(): void {
    const [first, second] = this.#runs
    if (!first || !second) return
    first[1] = second[1]
    this.#runs.splice(1, 1)
  }
}
