/**
 * What logistic, ridge and bias share: score = intercept + Σⱼ coefficientⱼ · zⱼ + Σ_c weight_c[level], z standardized. A
 * missing feature counts as its mean, an unknown level as 0; both are named in `unknown`.
 */
import { z } from 'zod'
import { indexLevels, levelFacts, toldLevels, type KeptLevels } from './category-levels.ts'
import { categoryValues, checkMatrix } from './dataset.ts'
import { readFacts, readTensor } from './artifact-reader.ts'
import type { Artifact, Explanation, PredictInput, Tensor, Unknown } from './model.ts'
import { standardize, type Standardizer } from './standardizer.ts'
import { collectUnknowns, type UnknownCollector } from './unknowns.ts'

export interface LevelWeights extends KeptLevels {
  /** One per level. */
  readonly weights: Float64Array
}

export interface LinearModel {
  readonly standardizer: Standardizer
  /** One per feature, for standardized values. */
  readonly coefficients: Float64Array
  readonly intercept: number
  readonly categories: readonly LevelWeights[]
}

export type LinearScorer = (input: PredictInput) => {
  readonly score: Float64Array
  readonly unknown: Unknown
}

/** Throws MODEL_INVALID_DATA when a column of the model is not in the input. */
export function createLinearScorer(model: LinearModel): LinearScorer {
  const indexes = model.categories.map(indexLevels)
  return (input) => {
    checkMatrix(input.matrix)
    const { rows } = input.matrix
    const unknowns = collectUnknowns(rows)
    const score = new Float64Array(rows).fill(model.intercept)
    addFeatures(model, input, score, unknowns)
    model.categories.forEach((category, c) => {
      const values = categoryValues(input, category.name)
      const index = indexes[c]!
      for (let r = 0; r < rows; r++) {
        const value = values[r] ?? null
        const code = value === null ? undefined : index.get(value)
        if (code === undefined) unknowns.add(r, category.name)
        else score[r] = score[r]! + category.weights[code]!
      }
    })
    return { score, unknown: unknowns.rows }
  }
}

function addFeatures(
  model: LinearModel,
  input: PredictInput,
  score: Float64Array,
  unknowns: UnknownCollector,
): void {
  const columns = model.coefficients.length
  const standardized = new Float64Array(score.length * columns)
  standardize(model.standardizer, input.matrix, standardized, (row, name) =>
    unknowns.add(row, name),
  )
  for (let r = 0; r < score.length; r++) {
    let sum = score[r]!
    for (let j = 0; j < columns; j++) sum += model.coefficients[j]! * standardized[r * columns + j]!
    score[r] = sum
  }
}

/**
 * What each input added: coefficientⱼ · zⱼ, and the weight of the level. Exact, as the score is their sum; the base is the
 * intercept, the score of a row with all features at their mean and no known level. Throws MODEL_INVALID_DATA.
 */
export function createLinearExplainer(model: LinearModel): (input: PredictInput) => Explanation {
  const indexes = model.categories.map(indexLevels)
  const features = model.coefficients.length
  const names = [...model.standardizer.names, ...model.categories.map(({ name }) => name)]
  return (input) => {
    checkMatrix(input.matrix)
    const { rows } = input.matrix
    const width = names.length
    const contributions = new Float64Array(rows * width)
    const standardized = new Float64Array(rows * features)
    standardize(model.standardizer, input.matrix, standardized)
    const texts = model.categories.map(({ name }) => categoryValues(input, name))
    const score = new Float64Array(rows).fill(model.intercept)
    const add = (row: number, column: number, part: number): void => {
      contributions[row * width + column] = part
      score[row] = score[row]! + part
    }
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < features; j++) {
        add(r, j, model.coefficients[j]! * standardized[r * features + j]!)
      }
      model.categories.forEach(({ weights }, c) => {
        const code = indexes[c]!.get(texts[c]![r] ?? '')
        add(r, features + c, texts[c]![r] == null || code === undefined ? 0 : weights[code]!)
      })
    }
    return { names, base: model.intercept, contributions, score }
  }
}

const linearFacts = z.strictObject({
  features: z.array(z.string()),
  intercept: z.number(),
  categories: z.array(levelFacts),
})

/** The model as facts and tensors; `readLinear` is the inverse. */
export function writeLinear(model: LinearModel): Pick<Artifact, 'facts' | 'tensors'> {
  const { names, mean, deviation } = model.standardizer
  const tensors: Record<string, Tensor> = {
    mean: { shape: [names.length], data: mean },
    deviation: { shape: [names.length], data: deviation },
    coefficients: { shape: [names.length], data: model.coefficients },
  }
  for (const { name, weights } of model.categories) {
    tensors[levelTensor(name)] = { shape: [weights.length], data: weights }
  }
  return {
    facts: {
      features: names,
      intercept: model.intercept,
      categories: model.categories.map(toldLevels),
    },
    tensors,
  }
}

/** Throws MODEL_ARTIFACT_INVALID. */
export function readLinear(artifact: Artifact): LinearModel {
  const facts = readFacts(artifact, linearFacts)
  const size = facts.features.length
  return {
    standardizer: {
      names: facts.features,
      mean: readTensor(artifact, 'mean', Float64Array, [size]),
      deviation: readTensor(artifact, 'deviation', Float64Array, [size]),
    },
    coefficients: readTensor(artifact, 'coefficients', Float64Array, [size]),
    intercept: facts.intercept,
    categories: facts.categories.map((kept) => ({
      ...kept,
      weights: readTensor(artifact, levelTensor(kept.name), Float64Array, [kept.levels.length]),
    })),
  }
}

const levelTensor = (category: string): string => `level/${category}`
