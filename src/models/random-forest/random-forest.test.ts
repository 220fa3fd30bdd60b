import { describe, expect, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import { parseParams } from '../open-model.ts'
import { areaUnderCurve } from '../reference-data.testing.ts'
import { treeData } from '../trees/tree-data.testing.ts'
import { randomForest, randomForestRegressor } from './random-forest.ts'

for (const kind of [randomForest, randomForestRegressor]) {
  describe(`conformance of ${kind.name}`, () => {
    for (const { guarantee, name, run } of modelConformance(kind)) test(`${guarantee} ${name}`, run)
  })
}

// scikit-learn 1.9.1 RandomForestClassifier(100, min_samples_leaf=5) and RandomForestRegressor(100, min_samples_leaf=5,
// max_features=1/3) on the data of tree-data.testing.ts.
const SKLEARN = { auc: 0.845_390, rmse: 0.150_046 }

test('AUC is at most 0.005 below scikit-learn', async () => {
  const asked = treeData('classifier', 'test')
  const params = parseParams(randomForest, {})
  const fitted = await randomForest.fit(treeData('classifier', 'train'), params, { seed: 1 })
  const { probability } = fitted.predictProba({ matrix: asked.matrix, categories: {} })
  expect(areaUnderCurve(probability, asked.label!)).toBeGreaterThan(SKLEARN.auc - 0.005)
}, 60_000)

test('RMSE is at most 1 % above scikit-learn', async () => {
  const asked = treeData('regressor', 'test')
  const params = parseParams(randomForestRegressor, {})
  const fitted = await randomForestRegressor.fit(treeData('regressor', 'train'), params, {
    seed: 1,
  })
  const { value } = fitted.predict({ matrix: asked.matrix, categories: {} })
  const squares = value.reduce((sum, x, r) => sum + (x - asked.label![r]!) ** 2, 0)
  expect(Math.sqrt(squares / value.length)).toBeLessThan(SKLEARN.rmse * 1.01)
}, 60_000)
