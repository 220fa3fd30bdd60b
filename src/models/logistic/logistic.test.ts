import { describe, expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { endsInTime } from '../ends-in-time.conformance.ts'
import type { Dataset } from '../model.ts'
import { modelConformance } from '../model.conformance.ts'
import { parseParams } from '../open-model.ts'
import { referenceData, REFERENCE } from '../reference-data.testing.ts'
import { logistic } from './logistic.ts'

describe('conformance', () => {
  // The solver of L-BFGS, and that of coordinate descent.
  for (const params of [{}, { l1Share: 0.5 }]) {
    for (const { guarantee, name, run } of modelConformance(logistic, params)) {
      test(`${guarantee} ${name} ${JSON.stringify(params)}`, run)
    }
  }
})

const classData = (weighted: boolean): Dataset => {
  const data = referenceData(weighted)
  return { ...data, label: data.label!.map((y) => (y > 4.5 ? 1 : 0)) }
}
const fit = (data: Dataset, params: Record<string, unknown>) =>
  logistic.fit(data, parseParams(logistic, { tolerance: 1e-10, ...params }), { seed: 1 })

describe('against scikit-learn', () => {
  for (const { regularization, weighted, intercept, coefficients } of REFERENCE.logistic) {
    test(`coefficients to 1e-6, λ = ${regularization}, weights: ${weighted}`, async () => {
      const { facts, tensors } = (await fit(classData(weighted), { regularization })).save()
      expect(facts['intercept']).toBeCloseTo(intercept, 6)
      coefficients.forEach((expected, j) => {
        expect(tensors['coefficients']!.data[j]).toBeCloseTo(expected, 6)
      })
    })
  }

  test('one weight per level equals one-hot columns', async () => {
    const data = classData(false)
    const codes = Int32Array.from({ length: data.matrix.rows }, (_, r) => r % 4)
    const category = { name: 'group', levels: ['g0', 'g1', 'g2', 'g3'], codes }
    const fitted = await fit({ ...data, categories: [category] }, {})
    const { facts, tensors } = fitted.save()
    const { intercept, coefficients, levels } = REFERENCE.logisticOneHot
    expect(facts['intercept']).toBeCloseTo(intercept, 6)
    coefficients.forEach((expected, j) => {
      expect(tensors['coefficients']!.data[j]).toBeCloseTo(expected, 6)
    })
    levels.forEach((expected, j) => {
      expect(tensors['level/group']!.data[j]).toBeCloseTo(expected, 6)
    })
  })
})

describe('L1 and elastic net against scikit-learn', () => {
  for (const { weighted, intercept, coefficients, ...params } of REFERENCE.logisticL1) {
    const { regularization, l1Share } = params
    test(`coefficients to 1e-6, λ = ${regularization}, α = ${l1Share}, weights: ${weighted}`, async () => {
      const { facts, tensors } = (await fit(classData(weighted), params)).save()
      expect(facts['intercept']).toBeCloseTo(intercept, 6)
      coefficients.forEach((expected, j) => {
        const found = tensors['coefficients']!.data[j]!
        if (expected === 0) expect(found).toBe(0)
        else expect(found).toBeCloseTo(expected, 6)
      })
    })
  }

  test('one weight per level equals one-hot columns, and most levels are exactly 0', async () => {
    const data = classData(false)
    const codes = Int32Array.from({ length: data.matrix.rows }, (_, r) => r % 4)
    const category = { name: 'group', levels: ['g0', 'g1', 'g2', 'g3'], codes }
    const fitted = await fit({ ...data, categories: [category] }, { l1Share: 0.5 })
    const { facts, tensors } = fitted.save()
    const { intercept, coefficients, levels } = REFERENCE.logisticL1OneHot
    expect(facts['intercept']).toBeCloseTo(intercept, 6)
    coefficients.forEach((expected, j) => {
      expect(tensors['coefficients']!.data[j]).toBeCloseTo(expected, 6)
    })
    levels.forEach((expected, j) => {
      const found = tensors['level/group']!.data[j]!
      if (expected === 0) expect(found).toBe(0)
      else expect(found).toBeCloseTo(expected, 6)
    })
  })

  for (const { intercept, coefficients, ...params } of REFERENCE.classWeights) {
    test(`class weights ${params.positiveWeight}, α = ${params.l1Share}`, async () => {
      const { facts, tensors } = (await fit(classData(false), params)).save()
      expect(facts['intercept']).toBeCloseTo(intercept, 6)
      coefficients.forEach((expected, j) => {
        expect(tensors['coefficients']!.data[j]).toBeCloseTo(expected, 6)
      })
    })
  }

  test('the two solvers meet where the L1 part is next to nothing', async () => {
    const [smooth, descent] = [0, 1e-9].map((l1Share) => fit(classData(true), { l1Share }))
    const [a, b] = [(await smooth!).save(), (await descent!).save()]
    expect(b.facts['intercept']).toBeCloseTo(a.facts['intercept'] as number, 7)
    a.tensors['coefficients']!.data.forEach((value, j) => {
      expect(b.tensors['coefficients']!.data[j]).toBeCloseTo(value, 7)
    })
  })
})

test('L1 finds the few inputs that matter among many, and the signal ends it', async () => {
  const random = createRandom(4)
  const [rows, width] = [2_000, 60]
  const values = Float64Array.from({ length: rows * width }, () => random.gaussian())
  const label = Float64Array.from({ length: rows }, (_, r) => {
    const s = 2 * values[r * width]! - 2 * values[r * width + 1]!
    return random.uniform() < 1 / (1 + Math.exp(-s)) ? 1 : 0
  })
  const names = Array.from({ length: width }, (_, j) => `x${String(j).padStart(2, '0')}`)
  const data: Dataset = { matrix: { names, rows, values }, categories: [], label }
  const fitted = await fit(data, { regularization: 50, l1Share: 1 })
  const used = [...fitted.save().tensors['coefficients']!.data.entries()].filter(([, w]) => w !== 0)
  expect(used.map(([j]) => j)).toEqual([0, 1])
  await endsInTime((signal) =>
    logistic.fit(
      { ...data, label: label.slice() },
      parseParams(logistic, { l1Share: 0.5, tolerance: 1e-12, regularization: 1e-6 }),
      { seed: 1, signal },
    ),
  )
})

test('separable labels without a penalty end with large, finite weights under L1 too', async () => {
  const rows = 20
  const values = Float64Array.from({ length: rows }, (_, r) => r)
  const label = values.map((x) => (x >= 10 ? 1 : 0))
  const params = { regularization: 0, l1Share: 1, maxIterations: 500, tolerance: 1e-12 }
  const fitted = await fit(
    { matrix: { names: ['x'], rows, values }, categories: [], label },
    params,
  )
  const { probability } = fitted.predictProba({
    matrix: { names: ['x'], rows: 2, values: Float64Array.of(9, 10) },
    categories: {},
  })
  expect(probability[0]).toBeLessThan(0.01)
  expect(probability[1]).toBeGreaterThan(0.99)
})

test('a checkerboard in the categories is learned as far as additive weights can: not at all', async () => {
  // Users like items of their own parity: every user and every item has a share of exactly one half.
  const rows = 100
  const user = Int32Array.from({ length: rows }, (_, r) => Math.floor(r / 10))
  const item = Int32Array.from({ length: rows }, (_, r) => r % 10)
  const levels = Array.from({ length: 10 }, (_, i) => String(i))
  const data: Dataset = {
    matrix: { names: [], rows, values: new Float64Array(0) },
    categories: [
      { name: 'user', levels, codes: user },
      { name: 'item', levels, codes: item },
    ],
    label: Float64Array.from(user, (u, r) => (u % 2 === item[r]! % 2 ? 1 : 0)),
  }
  const fitted = await fit(data, {})
  const { probability } = fitted.predictProba({
    matrix: { names: [], rows: 2, values: new Float64Array(0) },
    categories: { user: ['0', '1'], item: ['0', '0'] },
  })
  expect(probability[0]).toBeCloseTo(0.5, 6)
  expect(probability[1]).toBeCloseTo(0.5, 6)
})

test('separable labels without a penalty end with large, finite weights', async () => {
  const rows = 20
  const values = Float64Array.from({ length: rows }, (_, r) => r)
  const label = values.map((x) => (x >= 10 ? 1 : 0))
  const fitted = await fit(
    { matrix: { names: ['x'], rows, values }, categories: [], label },
    { regularization: 0, maxIterations: 500, tolerance: 1e-12 },
  )
  const { probability } = fitted.predictProba({
    matrix: { names: ['x'], rows: 2, values: Float64Array.of(9, 10) },
    categories: {},
  })
  expect(probability[0]).toBeLessThan(0.01)
  expect(probability[1]).toBeGreaterThan(0.99)
  expect(Number.isFinite(fitted.save().tensors['coefficients']!.data[0])).toBe(true)
})

test('one class only is refused with the label and the remedy', async () => {
  const data = classData(false)
  await expect(fit({ ...data, label: data.label!.map(() => 1) }, {})).rejects.toThrow(
    'the label is 1 in all 60 rows: wait for rows of the other class',
  )
})
