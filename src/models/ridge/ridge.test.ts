import { describe, expect, test } from 'vitest'
import type { Dataset } from '../model.ts'
import { modelConformance } from '../model.conformance.ts'
import { parseParams } from '../open-model.ts'
import { referenceData, REFERENCE } from '../reference-data.testing.ts'
import { ridge } from './ridge.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(ridge)) test(`${guarantee} ${name}`, run)
})

const fit = (data: Dataset, regularization: number) =>
  ridge.fit(data, parseParams(ridge, { regularization }), { seed: 1 })

describe('against scikit-learn', () => {
  for (const { regularization, weighted, intercept, coefficients } of REFERENCE.ridge) {
    test(`coefficients to 1e-10, λ = ${regularization}, weights: ${weighted}`, async () => {
      const { facts, tensors } = (await fit(referenceData(weighted), regularization)).save()
      expect(facts['intercept']).toBeCloseTo(intercept, 10)
      coefficients.forEach((expected, j) => {
        expect(tensors['coefficients']!.data[j]).toBeCloseTo(expected, 10)
      })
    })
  }
})

/** y = 2x + 1 with x = 0 … 9; columns repeat x `copies` times. */
const line = (copies: number): Dataset => ({
  matrix: {
    names: Array.from({ length: copies }, (_, j) => `x${j}`),
    rows: 10,
    values: Float64Array.from({ length: 10 * copies }, (_, at) => Math.floor(at / copies)),
  },
  categories: [],
  label: Float64Array.from({ length: 10 }, (_, x) => 2 * x + 1),
})

test('y = 2x + 1 is found exactly, also beyond the range of training', async () => {
  const fitted = await fit(line(1), 0)
  const { value, unknown } = fitted.predict({
    matrix: { names: ['x0'], rows: 3, values: Float64Array.of(0, 100, Number.NaN) },
    categories: {},
  })
  expect(value[0]).toBeCloseTo(1, 10)
  expect(value[1]).toBeCloseTo(201, 9)
  // A missing x counts as the mean, 4.5.
  expect(value[2]).toBeCloseTo(10, 10)
  expect(unknown).toEqual([undefined, undefined, ['x0']])
})

test('columns that repeat each other share the weight, even without a penalty', async () => {
  const fitted = await fit(line(3), 0)
  const weights = [...fitted.save().tensors['coefficients']!.data]
  expect(weights[1]).toBeCloseTo(weights[0]!, 3)
  const { value } = fitted.predict({
    matrix: { names: ['x0', 'x1', 'x2'], rows: 1, values: Float64Array.of(20, 20, 20) },
    categories: {},
  })
  expect(value[0]).toBeCloseTo(41, 4)
})
