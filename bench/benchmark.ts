/**
 * What a benchmark is: one question, two sides that do the same work in the same minute. `performance.md` 9 of the design
 * pages gives the rules: order A B B A A B, ratio of minima and of medians, load before and after, versions printed.
 */
export interface Side {
  /** Does the whole work once; resolves to seconds. Preparation and clearing up are not in it. */
  run(): Promise<number>
}

export interface PreparedBenchmark {
  readonly ours: Side
  readonly peer: Side
  /** Name → version of everything that was measured. */
  readonly versions: Readonly<Record<string, string>>
  /** What else was found, after the runs: shares, bytes, the quality of both sides. */
  readonly figures?: () => Readonly<Record<string, number | string>>
  close(): Promise<void>
}

export interface Benchmark {
  readonly id: string
  readonly question: string
  /** Units of work of one run; figures are units a second. */
  readonly work: number
  readonly unit: string
  /** Ratio ours : peer that the product claims at least. */
  readonly floor: number
  /** Each side once, where a run of the peer takes minutes. */
  readonly once?: boolean
  prepare(): Promise<PreparedBenchmark>
}

/** One run of a benchmark, as `--json` and `--record` write it. */
export interface BenchmarkResult {
  readonly id: string
  readonly ours: number
  readonly peer: number
  readonly unit: string
  readonly ratio: number
  readonly ratioOfMedians: number
  readonly floor: number
  readonly noisy: boolean
  readonly load: readonly [before: number, after: number]
  readonly seconds: Readonly<Record<'ours' | 'peer', readonly number[]>>
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly figures: Readonly<Record<string, number | string>>
}
