import { describe, expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import type { CategoryColumn, Dataset, Fitted, PredictInput } from '../model.ts'
import { modelConformance } from '../model.conformance.ts'
import { parseParams } from '../open-model.ts'
import { areaUnderCurve } from '../reference-data.testing.ts'
import { treeData } from '../trees/tree-data.testing.ts'
import { boostedTrees, boostedTreesRegressor } from './boosted-trees.ts'

for (const kind of [boostedTrees, boostedTreesRegressor]) {
  describe(`conformance of ${kind.name}`, () => {
    for (const { guarantee, name, run } of modelConformance(kind)) test(`${guarantee} ${name}`, run)
  })
}

type Params = Record<string, unknown>
const classify = (data: Dataset, params: Params = {}, seed = 1) =>
  boostedTrees.fit(data, parseParams(boostedTrees, params), { seed })
const regress = (data: Dataset, params: Params = {}, seed = 1) =>
  boostedTreesRegressor.fit(data, parseParams(boostedTreesRegressor, params), { seed })
const ask = (names: string[], values: number[]): PredictInput => ({
  matrix: { names, rows: values.length / names.length, values: Float64Array.from(values) },
  categories: {},
})
const treesOf = (fitted: Fitted): number => fitted.save().tensors['starts']!.data.length - 1

describe('against others on the same data, at equal parameters', () => {
  // scikit-learn 1.9.1 HistGradientBoosting and LightGBM 4.7.0, by the recipe in tree-data.testing.ts.
  const AUC = { sklearn: 0.846_627, lightgbm: 0.846_014 }
  const RMSE = { sklearn: 0.147_731, lightgbm: 0.148_105 }

  test('AUC within 0.003', async () => {
    const asked = treeData('classifier', 'test')
    const fitted = await classify(treeData('classifier', 'train'), { regularization: 0 })
    const { probability } = fitted.predictProba({ matrix: asked.matrix, categories: {} })
    const auc = areaUnderCurve(probability, asked.label!)
    expect(Math.abs(auc - AUC.sklearn)).toBeLessThan(0.003)
    expect(Math.abs(auc - AUC.lightgbm)).toBeLessThan(0.003)
  })

  test('RMSE within 0.5 %', async () => {
    const asked = treeData('regressor', 'test')
    const fitted = await regress(treeData('regressor', 'train'), { regularization: 0 })
    const { value } = fitted.predict({ matrix: asked.matrix, categories: {} })
    const squares = value.reduce((sum, x, r) => sum + (x - asked.label![r]!) ** 2, 0)
    const rmse = Math.sqrt(squares / value.length)
    expect(rmse / RMSE.sklearn).toBeCloseTo(1, 2)
    expect(rmse / RMSE.lightgbm).toBeCloseTo(1, 2)
  })
})

test('one split without a penalty is found exactly, on paper', async () => {
  const data: Dataset = {
    matrix: { names: ['x'], rows: 6, values: Float64Array.of(1, 2, 3, 4, 5, 6) },
    categories: [],
    label: Float64Array.of(1, 1, 1, 5, 5, 8),
  }
  const params = { trees: 1, learningRate: 1, maxLeaves: 2, minLeafRows: 1, regularization: 0 }
  const fitted = await regress(data, params)
  const { value } = fitted.predict(ask(['x'], [0, 3.5, 3.6, 99]))
  expect([...value]).toEqual([1, 1, 6, 6])
  // Mean 3.5, so the two sides move by −2.5 and 2.5: gain 3 · 2.5² + 3 · 2.5².
  expect(fitted.save().tensors['gain']!.data[0]).toBeCloseTo(37.5, 6)
  expect(fitted.save().tensors['threshold']!.data[0]).toBe(3.5)
})

test('a missing value goes to the side that it was learned to belong to', async () => {
  const rows = 300
  const values = Float64Array.from({ length: rows }, (_, r) => (r % 3 === 0 ? Number.NaN : r % 3))
  // Missing behaves like 2.
  const label = values.map((x) => (x === 1 ? 0 : 10))
  const fitted = await regress({ matrix: { names: ['x'], rows, values }, categories: [], label })
  const { value, unknown } = fitted.predict(ask(['x'], [1, 2, Number.NaN, -Infinity]))
  expect(value[0]).toBeLessThan(0.5)
  for (const r of [1, 2, 3]) expect(value[r]).toBeGreaterThan(9.5)
  expect(unknown).toEqual([undefined, undefined, ['x'], ['x']])
})

test('a value that was never missing in training goes with most rows', async () => {
  const rows = 300
  const values = Float64Array.from({ length: rows }, (_, r) => (r < 200 ? 1 : 2))
  const label = values.map((x) => x * 10)
  const fitted = await regress({ matrix: { names: ['x'], rows, values }, categories: [], label })
  expect(fitted.predict(ask(['x'], [Number.NaN])).value[0]).toBeLessThan(11)
})

describe('categories', () => {
  const LEVELS = 40
  function levels(rows: number): Dataset {
    const random = createRandom(8)
    const codes = Int32Array.from({ length: rows }, () => random.int(LEVELS))
    const names = Array.from({ length: LEVELS }, (_, i) => `level-${i}`)
    const category: CategoryColumn = { name: 'c', levels: names, codes }
    // No order of the levels' names helps: every level of a hash group is high.
    const label = Float64Array.from(codes, (code) => ((code * 7) % 11 < 5 ? 4 : 1))
    return {
      matrix: { names: [], rows, values: new Float64Array(0) },
      categories: [category],
      label,
    }
  }
  const empty = (rows: number) => ({ names: [], rows, values: new Float64Array(0) })

  test('one split parts the levels into two groups whatever their names', async () => {
    const data = levels(4_000)
    const params = {
      trees: 1,
      learningRate: 1,
      maxLeaves: 2,
      regularization: 0,
      categorySmoothing: 0,
    }
    const fitted = await regress(data, params)
    const c = [...Array(LEVELS).keys()].map((code) => `level-${code}`)
    const { value } = fitted.predict({ matrix: empty(LEVELS), categories: { c } })
    c.forEach((_, code) => expect(value[code]).toBeCloseTo((code * 7) % 11 < 5 ? 4 : 1, 6))
  })

  test('an unknown level has a declared answer and is named', async () => {
    const fitted = await regress(levels(4_000))
    const { value, unknown } = fitted.predict({
      matrix: empty(2),
      categories: { c: ['__proto__', null] },
    })
    expect(unknown).toEqual([['c'], ['c']])
    expect(value[0]).toBe(value[1])
    expect(value[0]).toBeGreaterThanOrEqual(0.9)
  })

  test('10,000 levels are learned from, the rare ones as one', async () => {
    const rows = 20_000
    const codes = Int32Array.from({ length: rows }, (_, r) => (r % 2 === 0 ? r / 2 : r % 4))
    const names = Array.from({ length: 10_000 }, (_, i) => `l${i}`)
    const label = codes.map((code) => (code === 1 ? 1 : 0))
    const data = {
      matrix: empty(rows),
      categories: [{ name: 'c', levels: names, codes }],
      label: Float64Array.from(label),
    }
    const fitted = await classify(data)
    const { probability, unknown } = fitted.predictProba({
      matrix: empty(2),
      categories: { c: ['l1', 'l9999'] },
    })
    expect(probability[0]).toBeGreaterThan(0.95)
    expect(probability[1]).toBeLessThan(0.05)
    expect(unknown).toEqual([undefined, undefined])
  })
})

test('under a monotone constraint the answer never falls, and without it it does', async () => {
  const rows = 2_000
  const random = createRandom(21)
  const values = new Float64Array(rows * 2)
  const label = new Float64Array(rows)
  for (let r = 0; r < rows; r++) {
    const [x, z] = [random.uniform(), random.uniform()]
    values.set([x, z], r * 2)
    label[r] = x + Math.sin(20 * x) * 0.5 + z + 0.3 * random.gaussian()
  }
  const data: Dataset = { matrix: { names: ['x', 'z'], rows, values }, categories: [], label }
  const steps = 200
  const drops = async (params: Params): Promise<number> => {
    const fitted = await regress(data, params)
    let count = 0
    for (const z of [0.1, 0.5, 0.9]) {
      const grid = Array.from({ length: steps }, (_, i) => [i / steps, z]).flat()
      const { value } = fitted.predict(ask(['x', 'z'], grid))
      for (let i = 1; i < steps; i++) if (value[i]! < value[i - 1]! - 1e-12) count += 1
    }
    return count
  }
  expect(await drops({})).toBeGreaterThan(0)
  expect(await drops({ monotone: { x: 'increasing' } })).toBe(0)
  await expect(regress(data, { monotone: { y: 'increasing' } })).rejects.toThrow(
    'monotone names "y", which is no numeric feature: use one of x, z',
  )
})

test('early stopping keeps the number of trees that was best on held-out rows', async () => {
  const random = createRandom(5)
  const rows = 3_000
  const values = Float64Array.from({ length: rows * 4 }, () => random.gaussian())
  const label = Float64Array.from({ length: rows }, (_, r) =>
    values[r * 4]! + 2 * random.gaussian() > 0 ? 1 : 0,
  )
  const data: Dataset = {
    matrix: { names: ['a', 'b', 'c', 'd'], rows, values },
    categories: [],
    label,
  }
  const stopped = await classify(data, { trees: 500, patience: 10, heldOutShare: 0.2 })
  expect(treesOf(stopped)).toBeGreaterThan(3)
  expect(treesOf(stopped)).toBeLessThan(150)
  expect(treesOf(await classify(data, { trees: 150 }))).toBe(150)
})

test('drawn rows and columns: the seed decides, and the answer stays good', async () => {
  const train = treeData('classifier', 'train')
  const asked = treeData('classifier', 'test')
  const params = { rowShare: 0.5, columnShare: 0.5 }
  const scores = await Promise.all(
    [1, 1, 2].map(async (seed) => {
      const fitted = await classify(train, params, seed)
      return fitted.predictProba({ matrix: asked.matrix, categories: {} }).probability
    }),
  )
  expect(scores[0]).toEqual(scores[1])
  expect(scores[0]).not.toEqual(scores[2])
  for (const score of scores) {
    expect(areaUnderCurve(score, asked.label!)).toBeGreaterThan(AUC_FLOOR)
  }
})
/** The models of all rows and columns reach 0.846; one that drew wrongly would be near 0.5. */
const AUC_FLOOR = 0.83

test('a weight of two counts as the row twice', async () => {
  const once = treeData('regressor', 'train')
  const rows = 500
  const half = {
    matrix: { ...once.matrix, rows, values: once.matrix.values.slice(0, rows * 8) },
    categories: [],
    label: once.label!.slice(0, rows),
  }
  const twice = {
    matrix: {
      ...half.matrix,
      rows: 2 * rows,
      values: Float64Array.from([...half.matrix.values, ...half.matrix.values]),
    },
    categories: [],
    label: Float64Array.from([...half.label, ...half.label]),
  }
  const params = { minLeafRows: 1, minLeafHessian: 10 }
  const weighted = await regress({ ...half, weight: new Float64Array(rows).fill(2) }, params)
  const repeated = await regress(twice, params)
  const input = { matrix: half.matrix, categories: {} }
  const [a, b] = [weighted.predict(input).value, repeated.predict(input).value]
  a.forEach((value, r) => expect(value).toBeCloseTo(b[r]!, 6))
})

test('gain importance: what the label rests on comes first, noise last', async () => {
  const fitted = await classify(treeData('classifier', 'train'), { trees: 30 })
  const importance = fitted.importance!()
  const sum = Object.values(importance).reduce((total, share) => total + share, 0)
  expect(sum).toBeCloseTo(1, 10)
  const byShare = Object.entries(importance).toSorted(([, a], [, b]) => b - a)
  expect(byShare[0]![0]).toBe('x1')
  expect(importance['x7']).toBeLessThan(0.05)
})

test('an artifact whose trees lead nowhere or for ever is refused', async () => {
  const fitted = await classify(treeData('classifier', 'train'), { trees: 2 })
  const artifact = fitted.save()
  const broken = (name: string, at: number, to: number) => {
    const { shape, data } = artifact.tensors[name]!
    const changed = data.slice()
    changed[at] = to
    return { ...artifact, tensors: { ...artifact.tensors, [name]: { shape, data: changed } } }
  }
  for (const [name, at, to] of [
    ['left', 0, 0],
    ['left', 0, 9_999],
    ['column', 0, 8],
    ['column', 0, -2],
    ['subset', 0, 0],
    ['starts', 1, 0],
    ['starts', 2, 5],
    ['cover', 1, 0],
  ] as const) {
    expect(() => boostedTrees.load(broken(name, at, to))).toThrow('not well-formed')
  }
})
