import { describe, expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { decodeArtifact, encodeArtifact } from '../artifact.ts'
import { boostedTrees } from '../boosted-trees/boosted-trees.ts'
import { logOdds, sigmoid } from '../log-odds.ts'
import { logistic } from '../logistic/logistic.ts'
import { selectRows } from '../dataset.ts'
import type { Dataset } from '../model.ts'
import { naiveBayes } from '../naive-bayes/naive-bayes.ts'
import { parseParams } from '../open-model.ts'
import { randomForest } from '../random-forest/random-forest.ts'
import { areaUnderCurve } from '../reference-data.testing.ts'
import { calibrate, fitIsotonic, fitPlatt } from './calibrator.ts'

const SEED = 12

/** Two useful inputs, each told four times, so that naive Bayes is far too sure. */
function repeated(rows: number, seed: number): Dataset {
  const random = createRandom(seed)
  const names = Array.from({ length: 8 }, (_, j) => `x${j}`)
  const values = new Float64Array(rows * 8)
  const label = new Float64Array(rows)
  for (let r = 0; r < rows; r++) {
    label[r] = random.uniform() < 0.4 ? 1 : 0
    const told = [0, 1].map(() => random.gaussian() + label[r]!)
    for (let j = 0; j < 8; j++) values[r * 8 + j] = told[j % 2]! + 0.05 * random.gaussian()
  }
  return { matrix: { names, rows, values }, categories: [], label }
}

/** Expected calibration error: the mean gap between probability and share over ten equal ranges. */
function calibrationError(probability: Float64Array, label: Float64Array): number {
  const gap = new Float64Array(10)
  probability.forEach((p, r) => (gap[Math.min(9, Math.floor(p * 10))]! += p - label[r]!))
  return gap.reduce((sum, value) => sum + Math.abs(value), 0) / label.length
}

test('isotonic: neighbours in the wrong order are pooled, on paper', () => {
  const held = {
    score: Float64Array.of(4, 1, 2, 3, 5, 5),
    label: Float64Array.of(0, 0, 1, 0, 1, 1),
    weight: new Float64Array(6).fill(1),
  }
  const calibrator = fitIsotonic(held)
  // 2, 3 and 4 have shares 1, 0, 0: together 1/3.
  expect([...calibrator.scores]).toEqual([1, 2, 4, 5])
  expect([...calibrator.probabilities]).toEqual([0, 1 / 3, 1 / 3, 1])
  const at = (score: number): number => sigmoid(calibrate(calibrator, score))
  expect(at(3)).toBeCloseTo(1 / 3, 12)
  expect(at(1.5)).toBeCloseTo(1 / 6, 12)
  expect(at(-9)).toBeCloseTo(0, 12)
  expect(at(99)).toBeCloseTo(1, 12)
})

test('platt: a distortion of the log-odds is undone', async () => {
  const random = createRandom(SEED)
  const rows = 40_000
  const score = Float64Array.from({ length: rows }, () => 3 * random.gaussian())
  const label = score.map((s) => (random.uniform() < sigmoid(0.5 * s - 1) ? 1 : 0))
  const { slope, intercept } = await fitPlatt({
    score,
    label,
    weight: new Float64Array(rows).fill(1),
  })
  expect(slope).toBeCloseTo(0.5, 1)
  expect(intercept).toBeCloseTo(-1, 1)
  const wrong = score.map((s) => -s)
  const turned = await fitPlatt({ score: wrong, label, weight: new Float64Array(rows).fill(1) })
  const share = label.reduce((sum, y) => sum + y, 0) / rows
  expect(turned).toEqual({ method: 'platt', slope: 0, intercept: logOdds(share) })
})

describe.each(['platt', 'isotonic'] as const)('naive Bayes with %s', (calibration) => {
  test('is no longer too sure, and keeps its order', async () => {
    const [train, asked] = [repeated(8_000, 1), repeated(8_000, 2)]
    const answer = async (params: Record<string, unknown>) => {
      const fitted = await naiveBayes.fit(train, parseParams(naiveBayes, params), { seed: 1 })
      return fitted.predictProba({ matrix: asked.matrix, categories: {} }).probability
    }
    const [plain, held] = [await answer({}), await answer({ calibration })]
    expect(calibrationError(plain, asked.label!)).toBeGreaterThan(0.08)
    expect(calibrationError(held, asked.label!)).toBeLessThan(0.03)
    const [a, b] = [plain, held].map((score) => areaUnderCurve(score, asked.label!))
    expect(b).toBeGreaterThan(a! - 0.005)
  })
})

describe.each([logistic, naiveBayes, boostedTrees, randomForest])('$name', (kind) => {
  test.each(['platt', 'isotonic'])('calibrated by %s: loads, explains, repeats', async (method) => {
    const data = repeated(1_000, 3)
    const input = { matrix: repeated(200, 4).matrix, categories: {} }
    const params = parseParams(kind as typeof logistic, { calibration: method })
    const fit = () => (kind as typeof logistic).fit(data, params, { seed: 9 })
    const fitted = await fit()
    const { probability } = fitted.predictProba(input)
    const encoded = encodeArtifact(fitted.save())
    const loaded = kind.load(decodeArtifact(encoded.files))
    expect(loaded.predictProba(input).probability).toEqual(probability)
    expect(encodeArtifact(loaded.save()).digest).toBe(encoded.digest)
    expect(encodeArtifact((await fit()).save()).digest).toBe(encoded.digest)
    const { names, base, contributions, score } = loaded.explain(input)
    score.forEach((s, r) => {
      const parts = contributions.subarray(r * names.length, (r + 1) * names.length)
      expect(parts.reduce((sum, part) => sum + part, base)).toBeCloseTo(s, 8)
      expect(sigmoid(s)).toBeCloseTo(probability[r]!, 10)
    })
  })
})

describe.each([logistic, naiveBayes, boostedTrees, randomForest])(
  '$name with class weights',
  (kind) => {
    test('rare positives are called more often, and calibration puts the share back', async () => {
      const random = createRandom(7)
      const [all, input] = [repeated(6_000, 8), repeated(3_000, 9)]
      // One positive in twenty.
      const keep = [...all.label!.keys()].filter(
        (r) => all.label![r] === 0 || random.uniform() < 0.08,
      )
      const data = selectRows(all, keep)
      const share = data.label!.reduce((sum, y) => sum + y, 0) / keep.length
      const meanOf = async (params: Record<string, unknown>): Promise<number> => {
        const parsed = parseParams(kind as typeof logistic, params)
        const fitted = await (kind as typeof logistic).fit(data, parsed, { seed: 3 })
        const asked = selectRows(
          input,
          [...input.label!.keys()].filter((r) => input.label![r] === 0),
        )
        const { probability } = fitted.predictProba({ matrix: asked.matrix, categories: {} })
        return probability.reduce((sum, p) => sum + p, 0) / probability.length
      }
      const plain = await meanOf({})
      const balanced = await meanOf({ positiveWeight: 'balanced' })
      const calibrated = await meanOf({ positiveWeight: 'balanced', calibration: 'platt' })
      expect(share).toBeLessThan(0.06)
      expect(balanced).toBeGreaterThan(1.5 * plain)
      expect(calibrated).toBeLessThan(0.06)
      const twenty = { positiveWeight: (1 - share) / share }
      expect(await meanOf(twenty)).toBeGreaterThan(1.5 * plain)
    })
  },
)

test('too few held-out rows of one class are a clear error, and a damaged calibration is refused', async () => {
  const small = repeated(8, 5)
  const label = Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0)
  const params = parseParams(logistic, { calibration: 'platt', calibrationShare: 0.25 })
  await expect(logistic.fit({ ...small, label }, params, { seed: 1 })).rejects.toThrow(
    'rows set apart, all of one class',
  )
  const fitted = await logistic.fit(repeated(200, 6), params, { seed: 1 })
  const artifact = fitted.save()
  const broken = { ...artifact, facts: { ...artifact.facts, calibration: { method: 'oracle' } } }
  expect(() => logistic.load(broken)).toThrow('the calibration of the logistic artifact is wrong')
})
