import { describe, expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import type { Dataset } from '../model.ts'
import { modelConformance } from '../model.conformance.ts'
import { parseParams } from '../open-model.ts'
import { referenceData, REFERENCE } from '../reference-data.testing.ts'
import { elasticNet } from './elastic-net.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(elasticNet))
    test(`${guarantee} ${name}`, run)
})

const fit = (data: Dataset, params: Record<string, unknown>) =>
  elasticNet.fit(data, parseParams(elasticNet, { tolerance: 1e-13, ...params }), { seed: 1 })

describe('against scikit-learn', () => {
  for (const { weighted, intercept, coefficients, ...params } of REFERENCE.elasticNet) {
    const { regularization, l1Share } = params
    test(`coefficients to 1e-8, λ = ${regularization}, α = ${l1Share}, weights: ${weighted}`, async () => {
      const { facts, tensors } = (await fit(referenceData(weighted), params)).save()
      expect(facts['intercept']).toBeCloseTo(intercept, 8)
      coefficients.forEach((expected, j) => {
        expect(tensors['coefficients']!.data[j]).toBeCloseTo(expected, 8)
      })
    })
  }

  test('one weight per level equals one-hot columns', async () => {
    const data = referenceData(false)
    const codes = Int32Array.from({ length: data.matrix.rows }, (_, r) => r % 4)
    const category = { name: 'group', levels: ['g0', 'g1', 'g2', 'g3'], codes }
    const fitted = await fit({ ...data, categories: [category] }, { regularization: 5 })
    const { facts, tensors } = fitted.save()
    const { intercept, coefficients, levels } = REFERENCE.elasticNetOneHot
    expect(facts['intercept']).toBeCloseTo(intercept, 8)
    coefficients.forEach((expected, j) => {
      expect(tensors['coefficients']!.data[j]).toBeCloseTo(expected, 8)
    })
    levels.forEach((expected, j) => {
      const found = tensors['level/group']!.data[j]!
      if (expected === 0) expect(found).toBe(0)
      else expect(found).toBeCloseTo(expected, 8)
    })
  })

  // Without an L1 part it is ridge.
  for (const { regularization, weighted, intercept, coefficients } of REFERENCE.ridge) {
    test(`α = 0 is ridge, λ = ${regularization}, weights: ${weighted}`, async () => {
      const params = { regularization, l1Share: 0 }
      const { facts, tensors } = (await fit(referenceData(weighted), params)).save()
      expect(facts['intercept']).toBeCloseTo(intercept, 8)
      coefficients.forEach((expected, j) => {
        expect(tensors['coefficients']!.data[j]).toBeCloseTo(expected, 8)
      })
    })
  }
})

test('of many inputs the few that matter keep a weight, in any unit of the label', async () => {
  const random = createRandom(6)
  const [rows, width] = [1_000, 40]
  const values = Float64Array.from({ length: rows * width }, () => random.gaussian())
  const names = Array.from({ length: width }, (_, j) => `x${String(j).padStart(2, '0')}`)
  for (const unit of [1, 1e-6, 1e6]) {
    const label = Float64Array.from({ length: rows }, (_, r) => {
      return unit * (3 * values[r * width]! - values[r * width + 7]! + random.gaussian())
    })
    const data: Dataset = { matrix: { names, rows, values }, categories: [], label }
    const fitted = await fit(data, { regularization: 150 * unit, l1Share: 1 })
    const weights = [...fitted.save().tensors['coefficients']!.data.entries()]
    expect(weights.filter(([, w]) => w !== 0).map(([j]) => j)).toEqual([0, 7])
  }
})
