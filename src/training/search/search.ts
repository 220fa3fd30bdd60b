/**
 * Search for a model's parameters: the declared ones first, then combinations of a grid, each judged by a validation split,
 * until the time is used up or the grid is.
 *
 * - `grid`: all combinations in the order in which the values are written, the last parameter moving fastest.
 * - `random`: the same combinations in an order that the seed draws (Bergstra and Bengio, JMLR 13, 2012).
 * - `halving`: all of them on a small share of the training rows, the best third of them on three times as many, and so on
 *   up to all rows (successive halving: Jamieson and Talwalkar, AISTATS 2016, with η = 3). Only fits on all rows are compared
 *   with the declared parameters.
 *
 * Of equal scores the earlier one wins, so a search that finds nothing better keeps what was declared. How far a search gets
 * depends on the machine; what it chose is written down, and a version is trained again from that.
 */
import { MillraceError, type Clock } from '../../core/index.ts'
import { createCombinations, type Params } from './combinations.ts'

export type SearchMethod = 'grid' | 'random' | 'halving'

/** One set of parameters that was tried. */
export interface Trial {
  readonly params: Params
  /** Of the validation split, in the unit of its metric; absent when these parameters could not be fitted or scored. */
  readonly score?: number
  readonly seconds: number
  /** Part of the training rows that it learned from. */
  readonly share: number
  /** Why these parameters could not be fitted. */
  readonly failed?: string
}

export interface SearchOptions {
  readonly method: SearchMethod
  /** As declared. */
  readonly params: Params
  /** Values by parameter. */
  readonly space: Readonly<Record<string, readonly unknown[]>>
  readonly budgetMs: number
  /** Most combinations that are tried beside the declared parameters. */
  readonly trials: number
  /** +1: a higher score is better; −1: a lower one. */
  readonly direction: 1 | -1
  /** Smallest part of the training rows that says anything, above 0 to 1. `halving` only. */
  readonly leastShare: number
  /** Whether a fit with these parameters has the memory that it needs; others are left out. */
  readonly fits: (params: Params) => boolean
  readonly seed: number
  readonly clock: Clock
  /** Ends the search with its reason. */
  readonly signal: AbortSignal
  /** The score of a fit with these parameters on a part of the training rows; rejects soon after its signal. */
  readonly score: (params: Params, signal: AbortSignal, share: number) => Promise<number>
}

export interface SearchResult {
  readonly best: Trial
  /** In the order in which they were tried, the declared one first; never empty. */
  readonly trials: readonly Trial[]
  /** `time`: not everything could be tried. */
  readonly ended: 'done' | 'time'
  readonly seconds: number
}

/** Of the candidates of a round, one in so many goes on. */
const HALVING = 3

/** The declared parameters are always tried to the end; a later trial that the end of the time interrupts does not count. */
export async function searchParams(options: SearchOptions): Promise<SearchResult> {
  const { params, budgetMs, clock, signal } = options
  const started = clock.monotonic()
  const trials = [await run(options, params, signal, 1)]
  const timeUp = new AbortController()
  const left = budgetMs - (clock.monotonic() - started)
  const cancel = clock.after(Math.max(0, left), () => timeUp.abort(new Error('the time is up')))
  const until = AbortSignal.any([signal, timeUp.signal])
  const isTimeUp = (): boolean => timeUp.signal.aborted || clock.monotonic() - started >= budgetMs
  let ended: SearchResult['ended'] = 'done'
  try {
    for await (const trial of candidates(options, until)) {
      if (trial === 'next') {
        if (!isTimeUp()) continue
        ended = 'time'
        break
      }
      trials.push(trial)
    }
  } catch (error) {
    if (signal.aborted || !timeUp.signal.aborted) throw error
    ended = 'time'
  } finally {
    cancel()
  }
  const whole = trials.filter(({ share }) => share === 1)
  const best = whole.reduce((most, trial) => (isBetter(trial, most, options) ? trial : most))
  return { best, trials, ended, seconds: (clock.monotonic() - started) / 1_000 }
}

/** What is tried after the declared parameters; before each trial `next`, so that the caller may stop. */
async function* candidates(
  options: SearchOptions,
  until: AbortSignal,
): AsyncGenerator<Trial | 'next'> {
  const { method, leastShare } = options
  let round = [...takeWhatFits(options)]
  const rounds =
    method === 'halving'
      ? Math.max(0, Math.floor(Math.min(log3(1 / leastShare), log3(round.length))))
      : 0
  for (let step = rounds; step >= 0; step -= 1) {
    const share = HALVING ** -step
    const tried: Trial[] = []
    for (const params of round) {
      yield 'next'
      const trial = await run(options, params, until, share)
      tried.push(trial)
      yield trial
    }
    round = tried
      .filter(({ score }) => score !== undefined)
      .toSorted((a, b) => ((b.score ?? 0) - (a.score ?? 0)) * options.direction)
      .slice(0, Math.ceil(tried.length / HALVING))
      .map(({ params }) => params)
  }
}

/** A hair above the logarithm, so that 27 is three rounds of threes also in floating point. */
const log3 = (value: number): number => Math.log(Math.max(1, value)) / Math.log(HALVING) + 1e-9

function* takeWhatFits(options: SearchOptions): Generator<Params> {
  const { method, params, space, seed, fits, trials } = options
  const all = createCombinations(params, space)
  let taken = 0
  for (const candidate of method === 'grid' ? all.inOrder() : all.shuffled(seed)) {
    if (taken === trials) return
    if (!fits(candidate)) continue
    taken += 1
    yield candidate
  }
}

/** A combination that the model refuses is told and left; the declared parameters and anything unforeseen end the search. */
async function run(
  { params: declared, clock, score }: SearchOptions,
  params: Params,
  until: AbortSignal,
  share: number,
): Promise<Trial> {
  const from = clock.monotonic()
  const facts = (): Omit<Trial, 'score'> => ({
    params,
    seconds: (clock.monotonic() - from) / 1_000,
    share,
  })
  try {
    const found = await score(params, until, share)
    return Number.isFinite(found) ? { ...facts(), score: found } : facts()
  } catch (error) {
    if (params === declared || until.aborted || !(error instanceof MillraceError)) throw error
    return { ...facts(), failed: error.message }
  }
}

const isBetter = (trial: Trial, than: Trial, { direction }: SearchOptions): boolean =>
  trial.score !== undefined &&
  (than.score === undefined || (trial.score - than.score) * direction > 0)
