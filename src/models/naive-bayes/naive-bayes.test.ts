import { describe, expect, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import type { Dataset } from '../model.ts'
import { parseParams } from '../open-model.ts'
import { referenceData } from '../reference-data.testing.ts'
import { naiveBayes } from './naive-bayes.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(naiveBayes))
    test(`${guarantee} ${name}`, run)
})

const fit = (data: Dataset, params: Record<string, unknown> = {}) =>
  naiveBayes.fit(data, parseParams(naiveBayes, params), { seed: 1 })

// scikit-learn 1.9.1: GaussianNB(var_smoothing=0).fit(X, y > 4.5, w).predict_proba(X[:6])[:, 1], data of
// reference-data.testing.ts without standardization.
const SKLEARN = [
  {
    weighted: false,
    probability: [
      0.09689305881545321, 0.6582208340683874, 0.8930765300654798, 0.14884684421811595,
      0.3769270990952774, 0.6892633894180961,
    ],
  },
  {
    weighted: true,
    probability: [
      0.0855534918722886, 0.6840637835480932, 0.8864813278995588, 0.14286235723833676,
      0.3455717505578156, 0.7095073265562818,
    ],
  },
]

for (const { weighted, probability } of SKLEARN) {
  test(`equals scikit-learn to 1e-8, weights: ${weighted}`, async () => {
    const data = referenceData(weighted)
    const label = data.label!.map((y) => (y > 4.5 ? 1 : 0))
    const fitted = await fit({ ...data, label }, { varianceSmoothing: 1e-12 })
    const answer = fitted.predictProba({ matrix: data.matrix, categories: {} }).probability
    probability.forEach((expected, r) => expect(answer[r]).toBeCloseTo(expected, 8))
  })
}

test('levels count by smoothed frequencies, on paper', async () => {
  const data: Dataset = {
    matrix: { names: [], rows: 6, values: new Float64Array(0) },
    categories: [{ name: 'c', levels: ['a', 'b'], codes: Int32Array.of(0, 0, 0, 1, 1, 0) }],
    label: Float64Array.of(1, 1, 1, 0, 0, 0),
  }
  const fitted = await fit(data)
  const { probability } = fitted.predictProba({
    matrix: { names: [], rows: 3, values: new Float64Array(0) },
    categories: { c: ['a', 'b', 'z'] },
  })
  // P(a | 1) = 4/5, P(a | 0) = 2/5; P(b | 1) = 1/5, P(b | 0) = 3/5; an unknown level leaves the prior of 1/2.
  expect(probability[0]).toBeCloseTo(4 / 6, 12)
  expect(probability[1]).toBeCloseTo(1 / 4, 12)
  expect(probability[2]).toBeCloseTo(1 / 2, 12)
})
