import { describe, expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { createInteractions, historyOf } from '../interactions.ts'
import { parseParams } from '../open-model.ts'
import { recommenderConformance } from '../recommender.conformance.ts'
import type { FittedRecommender, History, Interactions } from '../recommender.ts'
import { als } from './als.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of recommenderConformance(als))
    test(`${guarantee} ${name}`, run)
})

const fit = (data: Interactions, params: Record<string, unknown> = {}) =>
  als.fit(data, parseParams(als, params), { seed: 1 })

const [USERS, ITEMS, RANK] = [300, 200, 4]

/** Tastes of four planted factors: each user had some of the items whose product with the own factors is largest. */
function plantedData() {
  const random = createRandom(3)
  const draw = (count: number) =>
    Float64Array.from({ length: count * RANK }, () => random.gaussian())
  const [x, y] = [draw(USERS), draw(ITEMS)]
  const truth = (u: number, i: number): number => {
    let sum = 0
    for (let f = 0; f < RANK; f++) sum += x[u * RANK + f]! * y[i * RANK + f]!
    return sum
  }
  const pairs = Array.from({ length: USERS }, (_, u) => {
    const liked = Array.from({ length: ITEMS }, (_, i) => i).filter((i) => truth(u, i) > 1.5)
    return liked.filter(() => random.uniform() < 0.5).map((i) => [u, i] as const)
  }).flat()
  const name = (number: number): string => String(number).padStart(3, '0')
  const data = createInteractions(
    {
      user: pairs.map(([u]) => name(u)),
      item: pairs.map(([, i]) => name(i)),
      value: Float64Array.from(pairs, () => 1 + random.int(5)),
      time: new Float64Array(pairs.length),
    },
    'sum',
  )
  return { data, truth }
}

/** Of all pairs of an item that is liked and one that is not, both not seen: how many are ranked so. */
function shareAhead(model: FittedRecommender, truth: (u: number, i: number) => number): number {
  let [ahead, compared] = [0, 0]
  for (let user = 0; user < model.users.size; user++) {
    const known = new Set(model.knownItems(user).items)
    const scores = model.user(user).scores()
    const u = Number(model.users.idOf(user))
    const open = Array.from(scores.keys()).filter((item) => !known.has(item))
    const isLiked = (item: number): boolean => truth(u, Number(model.items.idOf(item))) > 1.5
    for (const liked of open.filter(isLiked)) {
      for (const other of open.filter((item) => !isLiked(item))) {
        ahead += scores[liked]! > scores[other]! ? 1 : 0
        compared += 1
      }
    }
  }
  expect(compared).toBeGreaterThan(100_000)
  return ahead / compared
}

test('planted factors are recovered: liked items that were not seen come before the others', async () => {
  const { data, truth } = plantedData()
  const model = await fit(data, { factors: 8, iterations: 15 })
  expect(shareAhead(model, truth)).toBeGreaterThan(0.95)
})

test('a refresh by the last 2 % of events ranks as a training of everything does, to 1 %, also after ten of them', async () => {
  const { data, truth } = plantedData()
  const params = { factors: 8, iterations: 15 }
  const random = createRandom(9)
  const part = Uint8Array.from(data.item, () => (random.uniform() < 0.8 ? 0 : 1 + random.int(10)))
  const upTo = (last: number): Interactions => {
    const [rows, user] = [[...data.item.keys()], new Int32Array(data.item.length)]
    for (let u = 0; u < data.users.size; u++) user.fill(u, data.start[u], data.start[u + 1])
    return createInteractions(
      {
        user: rows.map((at) => data.users.idOf(user[at]!)),
        item: rows.map((at) => data.items.idOf(data.item[at]!)),
        value: Float64Array.from(data.value),
        time: data.time,
      },
      'sum',
      (row) => part[row]! <= last,
    )
  }
  let refreshed = await fit(upTo(0), params)
  for (let last = 1; last <= 10; last++) {
    refreshed = (await als.refresh!(refreshed.save(), upTo(last), { seed: 1 })).fitted
  }
  const retrained = await fit(upTo(10), params)
  expect(refreshed.users.size).toBe(retrained.users.size)
  expect(shareAhead(refreshed, truth)).toBeGreaterThan(0.99 * shareAhead(retrained, truth))
})

/** Gaussian elimination with pivots, in double precision: shares no code with the solver. */
function solveDense(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!])
  const n = rows.length
  for (let k = 0; k < n; k++) {
    const pivot = rows.slice(k).reduce((best, row) => {
      return Math.abs(row[k]!) > Math.abs(best[k]!) ? row : best
    })
    rows.splice(rows.indexOf(pivot), 1)
    rows.splice(k, 0, pivot)
    for (const row of rows.slice(k + 1)) {
      const factor = row[k]! / pivot[k]!
      for (let j = k; j <= n; j++) row[j]! -= factor * pivot[j]!
    }
  }
  const x = Array.from({ length: n }, () => 0)
  for (let k = n - 1; k >= 0; k--) {
    const rest = x.reduce((sum, value, j) => (j > k ? sum + rows[k]![j]! * value : sum), 0)
    x[k] = (rows[k]![n]! - rest) / rows[k]![k]!
  }
  return x
}

/** The equation of README.md, with the factors and parameters of the artifact. */
function closedForm(model: FittedRecommender, history: History): number[] {
  const { params, tensors } = model.save()
  const p = parseParams(als, params)
  const y = tensors['factors.items']!.data
  const d = p.factors
  const all = Array.from({ length: d }, (_, f) => f)
  const weights = Array.from(history.values, (r) => 1 + p.confidenceScale * Math.log1p(r))
  const penalty = p.regularization * (history.items.length + p.unobserved * model.items.size)
  const matrix = all.map((a) =>
    all.map((b) => {
      let sum = a === b ? penalty : 0
      for (let i = 0; i < model.items.size; i++) sum += p.unobserved * y[i * d + a]! * y[i * d + b]!
      for (const [at, i] of history.items.entries())
        sum += weights[at]! * y[i * d + a]! * y[i * d + b]!
      return sum
    }),
  )
  const right = all.map((a) =>
    Array.from(history.items).reduce((sum, i, at) => sum + weights[at]! * y[i * d + a]!, 0),
  )
  return solveDense(matrix, right)
}

test('folded factors are the closed form on the whole history to 1e-5, after a load too', async () => {
  const { data } = plantedData()
  for (const solver of ['cholesky', 'gradient']) {
    const params = { factors: 16, confidence: 'log', confidenceScale: 3, solver }
    const fitted = await fit(data, params)
    const model = als.load(fitted.save())
    const own = historyOf(data, 5)
    const longer: History = {
      items: Int32Array.from(new Set([...own.items, 1, 40, 150])).toSorted(),
      values: Float32Array.from({ length: own.items.length + 3 }, (_, at) => 1 + at),
      times: new Float64Array(own.items.length + 3),
    }
    for (const history of [
      own,
      { ...longer, values: longer.values.slice(0, longer.items.length) },
    ]) {
      const expected = closedForm(model, history)
      const factors = model.foldIn(history).factors!
      const norm = Math.hypot(...expected)
      const gap = Math.hypot(...expected.map((value, f) => value - factors[f]!))
      expect(gap / norm).toBeLessThan(1e-5)
    }
    const trained = model.user(5).factors!
    const folded = model.foldIn(own).factors!
    const gap = Math.hypot(...trained.map((value, f) => value - folded[f]!))
    expect(gap / Math.hypot(...folded)).toBeLessThan(1e-4)
  }
})

test('values too large to learn from are refused with a remedy', async () => {
  const { data } = plantedData()
  const params = { confidence: 'value', confidenceScale: 1e6 }
  await expect(fit(data, params)).rejects.toThrow(
    /the largest weight of an interaction is \d+, at most 100000 can be learned from: set confidence to log or binary/,
  )
})

test('a training that does not fit in 4 GiB says its need and the settings that fit', async () => {
  const users = 1_100_000
  const data = createInteractions(
    {
      user: Array.from({ length: users }, (_, u) => String(u)),
      item: Array.from({ length: users }, () => 'one'),
      time: new Float64Array(users),
    },
    'sum',
  )
  await expect(fit(data, { factors: 1_024 })).rejects.toThrow(
    /need 4\d{9} bytes, a WebAssembly memory has 4294967296: set factors to 9\d\d or less/,
  )
})

test('settings that fit in a given memory are named, when there are some', () => {
  const size = { users: 100_000, items: 20_000, interactions: 1_000_000 }
  const params = parseParams(als, { factors: 512 })
  const half = als.memoryBytes(size, params) / 2
  const advice = als.settingsThatFit?.(size, params, half) ?? ''
  expect(advice).toMatch(/^set factors to \d+ or less$/)
  const factors = Number(/\d+/.exec(advice)?.[0])
  expect(als.memoryBytes(size, { ...params, factors })).toBeLessThanOrEqual(half)
  expect(als.memoryBytes(size, { ...params, factors: factors + 8 })).toBeGreaterThan(half)
  expect(als.settingsThatFit?.(size, params, 1_000_000)).toBeUndefined()
})
