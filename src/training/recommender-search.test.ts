import { expect, test } from 'vitest'
import { createManualClock } from '../testing/index.ts'
import { searchParams, type SearchOptions } from './recommender-search.ts'

const space = { a: [1, 2, 3, 4, 5], b: [10, 20, 30] }

function setting(change: Partial<SearchOptions> = {}, costMs = 100) {
  const clock = createManualClock()
  const options: SearchOptions = {
    params: { a: 1, b: 10, c: 'kept' },
    space,
    budgetMs: 60_000,
    fits: () => true,
    seed: 3,
    clock,
    signal: new AbortController().signal,
    score: async (params, signal) => {
      clock.advance(costMs)
      signal.throwIfAborted()
      return 100 - Math.abs(Number(params['a']) - 4) - Math.abs(Number(params['b']) - 20)
    },
    ...change,
  }
  return { clock, options }
}

test('the whole grid is tried once within the time, the declared parameters first, and the best wins', async () => {
  const { best, trials } = await searchParams(setting().options)
  expect(best).toMatchObject({ params: { a: 4, b: 20, c: 'kept' }, score: 100 })
  expect(trials[0]?.params).toEqual({ a: 1, b: 10, c: 'kept' })
  expect(trials).toHaveLength(15)
  expect(new Set(trials.map(({ params }) => JSON.stringify(params))).size).toBe(15)
})

test('the same seed tries in the same order, another one in another', async () => {
  const order = async (seed: number): Promise<unknown[]> =>
    (await searchParams(setting({ seed }).options)).trials.map(({ params }) => params)
  expect(await order(3)).toEqual(await order(3))
  expect(await order(4)).not.toEqual(await order(3))
})

test('when the time is up, the trial under way ends and does not count; the declared one always does', async () => {
  const { trials } = await searchParams(setting({ budgetMs: 450 }).options)
  expect(trials).toHaveLength(4)
  const short = await searchParams(setting({ budgetMs: 10 }).options)
  expect(short.trials).toHaveLength(1)
  expect(short.best.params).toEqual({ a: 1, b: 10, c: 'kept' })
})

test('what does not fit into memory is not tried', async () => {
  const { options } = setting({ fits: ({ a }) => Number(a) < 4 })
  const { best, trials } = await searchParams(options)
  expect(trials).toHaveLength(9)
  expect(best.params).toMatchObject({ a: 3, b: 20 })
})

test('nothing better than what was declared: it stays, also against an equal one', async () => {
  const { options } = setting({ score: async () => 0.5 })
  expect((await searchParams(options)).best.params).toEqual({ a: 1, b: 10, c: 'kept' })
})

test('cancelling and failing end the search with their reason', async () => {
  const abort = new AbortController()
  const reason = new Error('cancelled')
  const cancelled = setting({
    signal: abort.signal,
    score: async (_, signal) => {
      abort.abort(reason)
      signal.throwIfAborted()
      return 0
    },
  })
  await expect(searchParams(cancelled.options)).rejects.toBe(reason)
  const broken = new Error('broken')
  const failing = setting({ score: () => Promise.reject(broken) })
  await expect(searchParams(failing.options)).rejects.toBe(broken)
})
