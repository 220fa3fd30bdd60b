import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { selectRows } from '../dataset.ts'
import { modelConformance } from '../model.conformance.ts'
import type { CategoryColumn, Dataset, PredictInput } from '../model.ts'
import { parseParams } from '../open-model.ts'
import { factorization } from './factorization.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(factorization))
    test(`${guarantee} ${name}`, run)
})

const fit = (data: Dataset, params: Record<string, unknown> = {}) =>
  factorization.fit(data, parseParams(factorization, params), { seed: 1 })

const column = (name: string, values: readonly string[]): CategoryColumn => {
  const levels = [...new Set(values)]
  const codeOf = new Map(levels.map((level, code) => [level, code]))
  return { name, levels, codes: Int32Array.from(values, (value) => codeOf.get(value)!) }
}
const noFeatures = (rows: number) => ({ names: [], rows, values: new Float64Array(0) })

test('a checkerboard, which offsets cannot learn, is learned, also where it was not seen', async () => {
  const SIZE = 12
  const cells = [...Array(SIZE * SIZE).keys()].map((at) => [Math.floor(at / SIZE), at % SIZE])
  const labelOf = ([u, i]: readonly number[]): number => (u! % 2 === i! % 2 ? 5 : 1)
  // The diagonal is held back.
  const seen = cells.filter(([u, i]) => u !== i)
  const data: Dataset = {
    matrix: noFeatures(seen.length),
    categories: [
      column(
        'user',
        seen.map(([u]) => `u${u}`),
      ),
      column(
        'item',
        seen.map(([, i]) => `i${i}`),
      ),
    ],
    label: Float64Array.from(seen, labelOf),
  }
  const fitted = await fit(data, { factors: 4, regularization: 0.01 })
  const user = [...Array(SIZE).keys()].map((u) => `u${u}`)
  const item = [...Array(SIZE).keys()].map((i) => `i${i}`)
  const { value } = fitted.predict({ matrix: noFeatures(SIZE), categories: { user, item } })
  for (const x of value) expect(x).toBeGreaterThan(4.5)
})

test('two categories are needed, and more than two must be named', async () => {
  const text = ['a', 'b', 'a', 'b']
  const data: Dataset = {
    matrix: noFeatures(4),
    categories: ['u', 'i', 'genre'].map((name) => column(name, text)),
    label: Float64Array.of(1, 2, 1, 2),
  }
  await expect(fit(data)).rejects.toThrow(
    'factorization learns from two categories, here are: u, i, genre; declare two, or name them',
  )
  const fitted = await fit(data, { pair: ['u', 'i'] })
  expect(
    fitted.explain({ matrix: noFeatures(1), categories: { u: ['a'], i: ['a'] } }).names,
  ).toEqual(['i', 'u'])
})

const folder = process.env['MILLRACE_TEST_DATA'] ?? ''

interface Ratings {
  readonly data: Dataset
  readonly keys: readonly (readonly string[])[]
}

function ratings(file: string, separator: string, skipped: number): Ratings {
  const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(skipped)
  const keys = lines.map((line) => line.split(separator))
  return {
    keys,
    data: {
      matrix: noFeatures(keys.length),
      categories: [
        column(
          'userId',
          keys.map((row) => row[0]!),
        ),
        column(
          'movieId',
          keys.map((row) => row[1]!),
        ),
      ],
      label: Float64Array.from(keys, (row) => Number(row[2])),
    },
  }
}

/** Squared error of `held` by a model of the other rows, predictions cut to the scale. */
async function squaredError({ data, keys }: Ratings, held: ReadonlySet<number>, low: number) {
  const all = [...keys.keys()]
  const asked = all.filter((r) => held.has(r))
  const fitted = await fit(
    selectRows(
      data,
      all.filter((r) => !held.has(r)),
    ),
  )
  const input: PredictInput = {
    matrix: noFeatures(asked.length),
    categories: { userId: asked.map((r) => keys[r]![0]!), movieId: asked.map((r) => keys[r]![1]!) },
  }
  const { value } = fitted.predict(input)
  return asked.reduce((sum, r, at) => {
    return sum + (Math.min(5, Math.max(low, value[at]!)) - data.label![r]!) ** 2
  }, 0)
}

describe.skipIf(!existsSync(join(folder, 'ml-100k', 'u.data')) || folder === '')(
  'genuine ratings (skipped without MILLRACE_TEST_DATA)',
  () => {
    test('ml-100k, official folds u1 to u5: RMSE at most 0.919 (bias alone 0.942)', async () => {
      const all = ratings('ml-100k/u.data', '\t', 0)
      const rowOf = new Map(all.keys.map((row, r) => [`${row[0]},${row[1]}`, r]))
      let squares = 0
      let count = 0
      for (const fold of [1, 2, 3, 4, 5]) {
        const { keys } = ratings(`ml-100k/u${fold}.test`, '\t', 0)
        const held = new Set(keys.map((row) => rowOf.get(`${row[0]},${row[1]}`)!))
        squares += await squaredError(all, held, 1)
        count += held.size
      }
      expect(count).toBe(100_000)
      expect(Math.sqrt(squares / count)).toBeLessThan(0.919)
    }, 120_000)

    test('ml-latest-small 2016, seeded 5 folds: RMSE at most 0.880 (bias alone 0.887)', async () => {
      const all = ratings('ml-latest-small-2016/ratings.csv', ',', 1)
      const rows = all.keys.length
      const order = createRandom(42).shuffle(Int32Array.from({ length: rows }, (_, r) => r))
      let squares = 0
      for (let fold = 0; fold < 5; fold++) {
        squares += await squaredError(all, new Set(order.filter((_, at) => at % 5 === fold)), 0.5)
      }
      expect(Math.sqrt(squares / rows)).toBeLessThan(0.88)
    }, 120_000)
  },
)
