/**
 * Quality on genuine ratings, by the seeded random split of design D20: MovieLens latest small, 2016 edition (671 users,
 * 9,066 rated movies, 100,004 ratings). Needs MILLRACE_TEST_DATA, the folder that holds `ml-latest-small-2016/`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../kernels/index.ts'
import { bias } from './bias/bias.ts'
import { selectRows } from './dataset.ts'
import { kmeans } from './kmeans/kmeans.ts'
import { logistic } from './logistic/logistic.ts'
import type { CategoryColumn, Dataset, PredictInput } from './model.ts'
import { parseParams } from './open-model.ts'
import { areaUnderCurve } from './reference-data.testing.ts'

const folder = process.env['MILLRACE_TEST_DATA'] ?? ''
const file = join(folder, 'ml-latest-small-2016', 'ratings.csv')
const isThere = folder !== '' && existsSync(file)
const SEED = 42
const FOLDS = 5
/** Rows of evidence that pull the mean of a user or movie towards the mean of all. */
const SHRINK = 10

interface Ratings {
  readonly user: readonly string[]
  readonly movie: readonly string[]
  readonly rating: Float64Array
}

function readRatings(): Ratings {
  const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1)
  const cells = rows.map((row) => row.split(','))
  return {
    user: cells.map((row) => row[0]!),
    movie: cells.map((row) => row[1]!),
    rating: Float64Array.from(cells, (row) => Number(row[2])),
  }
}

/** The fold of each row: a seeded shuffle, dealt out. */
function dealFolds(rows: number): Int32Array {
  const order = createRandom(SEED).shuffle(Int32Array.from({ length: rows }, (_, r) => r))
  const fold = new Int32Array(rows)
  order.forEach((row, at) => (fold[row] = at % FOLDS))
  return fold
}

function column(name: string, values: readonly string[]): CategoryColumn {
  const levels = [...new Set(values)]
  const codeOf = new Map(levels.map((level, code) => [level, code]))
  return { name, levels, codes: Int32Array.from(values, (value) => codeOf.get(value)!) }
}

const split = (fold: Int32Array, out: number): [train: number[], test: number[]] => {
  const rows = [...fold.keys()]
  return [rows.filter((r) => fold[r] !== out), rows.filter((r) => fold[r] === out)]
}

const ids = ({ user, movie }: Ratings, rows: readonly number[]): PredictInput['categories'] => ({
  userId: rows.map((r) => user[r]!),
  movieId: rows.map((r) => movie[r]!),
})

const noFeatures = (rows: number): Dataset['matrix'] => ({
  names: [],
  rows,
  values: new Float64Array(0),
})

/** Shrunk mean and count per user and movie from the training rows; a training row leaves itself out. */
function features(ratings: Ratings, train: readonly number[]): Dataset['matrix'] {
  const { user, movie, rating } = ratings
  const mean = train.reduce((sum, r) => sum + rating[r]!, 0) / train.length
  const isTrain = new Set(train)
  const sides = [user, movie].map((keys) => {
    const totals = new Map<string, { sum: number; count: number }>()
    for (const r of train) {
      const total = totals.get(keys[r]!) ?? { sum: 0, count: 0 }
      totals.set(keys[r]!, { sum: total.sum + rating[r]!, count: total.count + 1 })
    }
    return { keys, totals }
  })
  const values = Float64Array.from(
    [...rating.keys()].flatMap((r) =>
      sides.flatMap(({ keys, totals }) => {
        const total = totals.get(keys[r]!) ?? { sum: 0, count: 0 }
        const own = isTrain.has(r) ? 1 : 0
        const count = total.count - own
        const sum = total.sum - own * rating[r]!
        return [(sum + SHRINK * mean) / (count + SHRINK), Math.log1p(count)]
      }),
    ),
  )
  return {
    names: ['user_mean', 'user_count', 'movie_mean', 'movie_count'],
    rows: rating.length,
    values,
  }
}

describe.skipIf(!isThere)('genuine ratings (skipped without MILLRACE_TEST_DATA)', () => {
  const ratings: Ratings = isThere
    ? readRatings()
    : { user: [], movie: [], rating: new Float64Array() }
  const fold = dealFolds(ratings.rating.length)
  const categories = [column('userId', ratings.user), column('movieId', ratings.movie)]

  test('bias: RMSE over 5 folds is at most 0.89 (known: 0.8869)', async () => {
    const { rating } = ratings
    const data: Dataset = { matrix: noFeatures(rating.length), categories, label: rating }
    let squares = 0
    for (let out = 0; out < FOLDS; out++) {
      const [train, held] = split(fold, out)
      const fitted = await bias.fit(selectRows(data, train), parseParams(bias, {}), { seed: SEED })
      const { value } = fitted.predict({
        matrix: noFeatures(held.length),
        categories: ids(ratings, held),
      })
      held.forEach((r, i) => {
        squares += (Math.min(5, Math.max(0.5, value[i]!)) - rating[r]!) ** 2
      })
    }
    const rmse = Math.sqrt(squares / rating.length)
    expect(rmse).toBeLessThan(0.8875)
    expect(rmse).toBeGreaterThan(0.86)
  })

  test('logistic: AUC of "rating at least 4" is at least 0.77 from four shrunk features, 0.78 with ids', async () => {
    const [train, held] = split(fold, 0)
    const label = ratings.rating.map((value) => (value >= 4 ? 1 : 0))
    const matrix = features(ratings, train)
    const question = {
      ...selectRows({ matrix, categories: [] }, held),
      categories: ids(ratings, held),
    }
    const score = async (data: Dataset): Promise<number> => {
      const fitted = await logistic.fit(selectRows(data, train), parseParams(logistic, {}), {
        seed: SEED,
      })
      const { probability } = fitted.predictProba(question)
      return areaUnderCurve(
        probability,
        Float64Array.from(held, (r) => label[r]!),
      )
    }
    const [plain, withIds] = [
      await score({ matrix, categories: [], label }),
      await score({ matrix, categories, label }),
    ]
    expect(plain).toBeGreaterThan(0.77)
    expect(withIds).toBeGreaterThan(0.78)
  })

  test('kmeans: segments of users explain more than half of what one cluster leaves', async () => {
    const matrix = features(ratings, [...ratings.rating.keys()])
    const firstRow = [...new Map(ratings.user.map((user, r) => [user, r])).values()]
    const users = selectRows({ matrix, categories: [] }, firstRow)
    const twoColumns = {
      names: ['user_mean', 'user_count'],
      rows: firstRow.length,
      values: users.matrix.values.filter((_, at) => at % 4 < 2),
    }
    const data: Dataset = { matrix: twoColumns, categories: [] }
    const inertia = async (k: number): Promise<number> =>
      (await kmeans.fit(data, parseParams(kmeans, { k }), { seed: SEED })).save().facts[
        'inertia'
      ] as number
    expect(await inertia(5)).toBeLessThan(0.5 * (await inertia(1)))
  })
})
