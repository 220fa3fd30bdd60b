/**
 * Biased matrix factorization: a number from who and what, with a vector of learned factors for each, so that tastes count
 * that no feature names. Use it for ratings of items by users. See README.md for the equation.
 */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { alsBytes } from '../../kernels/index.ts'
import { checkArtifact, readTensor } from '../artifact-reader.ts'
import { modelError } from '../errors.ts'
import {
  createLinearExplainer,
  createLinearScorer,
  readLinear,
  writeLinear,
  type LinearModel,
} from '../linear-model.ts'
import type { Artifact, FittedRegressor, ModelKind, PredictInput } from '../model.ts'
import { fitFactorization } from './factorization-solver.ts'

const FORMAT = 1

const params = z.strictObject({
  factors: z.int().min(1).max(512).default(32).meta({
    description: 'd, numbers that are learned for each user and each item.',
    unit: 'factors',
  }),
  regularization: z.number().min(0).max(1e6).default(0.12).meta({
    description:
      'λ, strength of the L2 penalty on factors, multiplied by the rows of each user and item.',
    unit: 'of the label',
  }),
  iterations: z.int().min(1).max(1_000).default(15).meta({
    description: 'Rounds over both sides.',
    unit: 'iterations',
  }),
  damping: z.number().min(0).max(1e6).default(5).meta({
    description: 'How many rows of evidence pull the offset of a level towards 0, as in `bias`.',
    unit: 'rows',
  }),
  pair: z.array(z.string()).max(2).default([]).meta({
    description: 'The two categories by name; to be given when there are more than two.',
    unit: 'category names',
  }),
})
export type FactorizationParams = z.infer<typeof params>

/** A score of the bias model, and a vector per level of its two categories: levels × factors, row-major. */
export interface FactorModel {
  readonly bias: LinearModel
  readonly factors: number
  readonly sides: readonly [Float32Array, Float32Array]
}

export const factorization: ModelKind<'regressor', FactorizationParams> = {
  name: 'factorization',
  task: 'regressor',
  summary: 'Mean, offsets and factors of two categories, such as user and item (biased ALS).',
  uses: { features: false, categories: true },
  params,
  baseline: 'mean',
  searchSpace: { factors: [8, 16, 32, 64], regularization: [0.06, 0.12, 0.2], damping: [2, 5, 10] },
  // Besides the kernel: residuals, entries and codes per row, copies of the factors and the offsets per level.
  memoryBytes: (rows, _features, levels, { factors }) =>
    rows * 72 +
    levels * (factors * 12 + 150) +
    alsBytes({
      rows: levels,
      columns: levels,
      entries: rows,
      factors,
      threads: availableParallelism(),
      isWeighted: true,
    }),
  async fit(data, chosen, context) {
    return regressor(await fitFactorization(data, chosen, context), chosen)
  },
  load(artifact) {
    checkArtifact(artifact, factorization, FORMAT)
    return regressor(readFactors(artifact), artifact.params)
  },
}

function readFactors(artifact: Artifact): FactorModel {
  const bias = readLinear(artifact)
  const [first, second] = bias.categories
  if (!first || !second || bias.categories.length !== 2) {
    throw modelError(
      'MODEL_ARTIFACT_INVALID',
      'the factorization artifact does not have two categories: train the version again',
    )
  }
  const factors = artifact.tensors[factorTensor(first.name)]?.shape[1] ?? 0
  const side = ({ name, levels }: typeof first): Float32Array =>
    readTensor(artifact, factorTensor(name), Float32Array, [levels.length, factors])
  return { bias, factors, sides: [side(first), side(second)] }
}

const factorTensor = (category: string): string => `factors/${category}`

function regressor(model: FactorModel, chosen: Artifact['params']): FittedRegressor {
  const { bias } = model
  const scorer = createLinearScorer(bias)
  const explainer = createLinearExplainer(bias)
  const productOf = createProduct(model)
  return {
    kind: factorization.name,
    task: factorization.task,
    predict(input) {
      const { score, unknown } = scorer(input)
      const product = productOf(input)
      return { value: score.map((value, r) => value + product[r]!), unknown }
    },
    explain(input) {
      const plain = explainer(input)
      const product = productOf(input)
      // x · y needs both: each gets one half, which is the Shapley value of what only two make together.
      const contributions = plain.contributions.map((part, at) => part + product[at >> 1]! / 2)
      return { ...plain, contributions, score: plain.score.map((s, r) => s + product[r]!) }
    },
    save() {
      const { facts, tensors } = writeLinear(bias)
      const sides = bias.categories.map(({ name, levels }, side) => [
        factorTensor(name),
        { shape: [levels.length, model.factors], data: model.sides[side]! },
      ])
      return {
        kind: factorization.name,
        task: factorization.task,
        format: FORMAT,
        params: chosen,
        facts,
        tensors: { ...tensors, ...Object.fromEntries(sides) },
      }
    },
  }
}

/** x · y of each row; 0 where a level is unknown. The columns have been checked by the scorer. */
function createProduct({ bias, factors: d, sides }: FactorModel) {
  const [first, second] = bias.categories.map(({ name, levels }) => ({
    name,
    codes: new Map(levels.map((level, code) => [level, code])),
  }))
  return ({ matrix, categories }: PredictInput): Float64Array =>
    Float64Array.from({ length: matrix.rows }, (_, r) => {
      const codeOf = (side: typeof first): number | undefined =>
        side?.codes.get(categories[side.name]?.[r] ?? '')
      const [u, i] = [codeOf(first), codeOf(second)]
      if (u === undefined || i === undefined) return 0
      let sum = 0
      for (let f = 0; f < d; f++) sum += sides[0][u * d + f]! * sides[1][i * d + f]!
      return sum
    })
}
