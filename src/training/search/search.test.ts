import { expect, test } from 'vitest'
import { defineErrors } from '../../core/index.ts'
import { createManualClock } from '../../testing/index.ts'
import { searchParams, type SearchOptions } from './search.ts'

const space = { a: [1, 2, 3, 4, 5], b: [10, 20, 30] }

function setting(change: Partial<SearchOptions> = {}, costMs = 100) {
  const clock = createManualClock()
  const options: SearchOptions = {
    params: { a: 1, b: 10, c: 'kept' },
    space,
    method: 'random',
    budgetMs: 60_000,
    trials: 1_000,
    direction: 1,
    leastShare: 1,
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

test('a grid is tried in the order in which it is written, the last parameter moving fastest', async () => {
  const { trials } = await searchParams(setting({ method: 'grid', trials: 4 }).options)
  expect(trials.map(({ params }) => [params['a'], params['b']])).toEqual([
    [1, 10],
    [1, 20],
    [1, 30],
    [2, 10],
    [2, 20],
  ])
})

test('a lower score is better where it is declared so', async () => {
  const { best } = await searchParams(setting({ direction: -1 }).options)
  expect(best).toMatchObject({ params: { a: 1, b: 10 }, score: 87 })
})

test('halving: all on a part of the rows, the best third on three times as many, and so on up to all', async () => {
  const { options } = setting({
    method: 'halving',
    space: { a: [1, 2, 3], b: [10, 20, 30] },
    leastShare: 1 / 20,
  })
  const { best, trials, ended } = await searchParams(options)
  const shares = trials.map(({ share }) => share)
  expect(shares).toEqual([1, ...Array<number>(8).fill(1 / 3), 1, 1, 1])
  expect(best).toMatchObject({ params: { a: 3, b: 20 }, share: 1 })
  expect(ended).toBe('done')
  const many = setting({
    method: 'halving',
    space: { a: [1, 2, 3, 4, 5, 6], b: [10, 20, 30, 40, 50] },
    leastShare: 1 / 20,
  })
  const rounds = (await searchParams(many.options)).trials.map(({ share }) => share)
  expect([1 / 9, 1 / 3].map((share) => rounds.filter((one) => one === share).length)).toEqual([
    29, 10,
  ])
  expect(rounds.filter((share) => share === 1)).toHaveLength(1 + 4)
})

test('halving with too few rows for a smaller round tries everything on all rows', async () => {
  const { trials } = await searchParams(setting({ method: 'halving', leastShare: 1 }).options)
  expect(trials.every(({ share }) => share === 1)).toBe(true)
  expect(trials).toHaveLength(15)
})

test('halving that runs out of time before the last round keeps what was declared', async () => {
  const { options } = setting({ method: 'halving', leastShare: 1 / 20, budgetMs: 950 })
  const { best, trials, ended } = await searchParams(options)
  expect(best.params).toEqual({ a: 1, b: 10, c: 'kept' })
  expect(trials.length).toBeLessThan(15)
  expect(ended).toBe('time')
})

test('at most so many trials as were asked for, beside the declared one', async () => {
  expect((await searchParams(setting({ trials: 3 }).options)).trials).toHaveLength(4)
})

const modelError = defineErrors({
  MODEL_NO: { status: 422, retryable: false, title: 'No' },
})

test('a combination that the model refuses is told and left; the declared parameters must do', async () => {
  const refusing = (a: number) =>
    setting({
      score: async (params) => {
        if (params['a'] === a) throw modelError('MODEL_NO', 'no such a')
        return Number(params['a'])
      },
    }).options
  const { best, trials } = await searchParams(refusing(5))
  expect(best.params).toMatchObject({ a: 4 })
  expect(trials.filter(({ failed }) => failed === 'no such a')).toHaveLength(3)
  await expect(searchParams(refusing(1))).rejects.toMatchObject({ code: 'MODEL_NO' })
})

test('a score that is no number never wins', async () => {
  const { options } = setting({
    score: async (params) => (params['a'] === 1 ? Number.NaN : Number(params['a'])),
  })
  const { best, trials } = await searchParams(options)
  expect(best.score).toBe(5)
  expect(trials[0]).not.toHaveProperty('score')
})
