/**
 * Search for the parameters of a recommender: the declared ones first, then combinations of a grid in an order that the seed
 * draws, each judged by its lists on a validation split, until the time is used up or the grid is. Of equal scores the earlier
 * one wins, so a search that finds nothing better keeps what was declared.
 *
 * How far a search gets depends on the machine; what it chose is written down, and a version is trained again from that.
 */
import type { Clock } from '../core/index.ts'
import { createRandom } from '../kernels/index.ts'

/** One set of parameters that was tried. */
export interface Trial {
  readonly params: Readonly<Record<string, unknown>>
  /** Of the validation split; higher is better. */
  readonly score: number
  readonly seconds: number
}

export interface SearchOptions {
  /** As declared. */
  readonly params: Readonly<Record<string, unknown>>
  /** Values by parameter. */
  readonly space: Readonly<Record<string, readonly unknown[]>>
  readonly budgetMs: number
  /** Whether a fit with these parameters has the memory that it needs; others are left out. */
  readonly fits: (params: Readonly<Record<string, unknown>>) => boolean
  readonly seed: number
  readonly clock: Clock
  /** Ends the search with its reason. */
  readonly signal: AbortSignal
  /** The score of a fit with these parameters; rejects soon after its signal. */
  readonly score: (
    params: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ) => Promise<number>
}

export interface SearchResult {
  readonly best: Trial
  /** In the order in which they were tried; never empty. */
  readonly trials: readonly Trial[]
}

/** The declared parameters are always tried to the end; a later trial that the end of the time interrupts does not count. */
export async function searchParams(options: SearchOptions): Promise<SearchResult> {
  const { params, budgetMs, clock, signal, score } = options
  const started = clock.monotonic()
  const run = async (candidate: Trial['params'], until: AbortSignal): Promise<Trial> => {
    const from = clock.monotonic()
    const found = await score(candidate, until)
    return { params: candidate, score: found, seconds: (clock.monotonic() - from) / 1_000 }
  }
  const trials = [await run(params, signal)]
  const timeUp = new AbortController()
  const left = budgetMs - (clock.monotonic() - started)
  const cancel = clock.after(Math.max(0, left), () => timeUp.abort(new Error('the time is up')))
  try {
    for (const candidate of combinationsOf(options)) {
      if (clock.monotonic() - started >= budgetMs) break
      trials.push(await run(candidate, AbortSignal.any([signal, timeUp.signal])))
    }
  } catch (error) {
    if (signal.aborted || !timeUp.signal.aborted) throw error
  } finally {
    cancel()
  }
  const best = trials.reduce((most, trial) => (trial.score > most.score ? trial : most))
  return { best, trials }
}

/** Every combination of the grid that fits, but the declared one, in a drawn order. */
function combinationsOf({ params, space, fits, seed }: SearchOptions): Trial['params'][] {
  let all: Trial['params'][] = [params]
  for (const [name, values] of Object.entries(space).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    all = all.flatMap((some) => values.map((value) => ({ ...some, [name]: value })))
  const declared = JSON.stringify(sorted(params))
  const others = all.filter((some) => JSON.stringify(sorted(some)) !== declared)
  return createRandom(seed).shuffle(others.filter(fits))
}

const sorted = (params: Trial['params']): unknown[] =>
  Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1))
