/** Events per second over the last few seconds. */

const WINDOW_MS = 5_000
const SAMPLE_MS = 100

export class RateMeter {
  readonly #samples: { atMs: number; count: number }[] = []

  /** `count`: events since the beginning. */
  observe(nowMs: number, count: number): void {
    const last = this.#samples.at(-1)
    if (last && nowMs - last.atMs < SAMPLE_MS && this.#samples.length > 1) last.count = count
    else this.#samples.push({ atMs: nowMs, count })
    while (this.#samples.length > 2 && nowMs - this.#samples[1]!.atMs > WINDOW_MS) {
      this.#samples.shift()
    }
  }

  perSecond(nowMs: number): number {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (!first || !last || nowMs <= first.atMs) return 0
    return ((last.count - first.count) * 1_000) / (nowMs - first.atMs)
  }
}
