/**
 * The bias model: a general mean plus one learned offset per level of each category (per user and per item, for ratings).
 * Use it where the label depends mostly on who and what; it is the figure that any recommender of ratings must beat. Numeric
 * features are ignored. See README.md for the equation.
 */
import { z } from 'zod'
import { checkArtifact } from '../artifact-reader.ts'
import { readLinear, type LinearModel } from '../linear-model.ts'
import { linearRegressor } from '../linear-regressor.ts'
import type { Artifact, FittedRegressor, ModelKind } from '../model.ts'
import { fitBias } from './bias-solver.ts'

const FORMAT = 1

const damping = z.number().min(0).max(1e6)
const params = z.strictObject({
  damping: damping.default(5).meta({
    description: 'λ, how many rows of evidence pull a level towards 0.',
    unit: 'rows',
  }),
  dampingBy: z
    .record(z.string(), damping)
    .default({})
    .meta({
      description: 'λ by category name, where it differs from `damping`; each 0 to 1,000,000.',
      unit: 'rows',
      examples: [{ userId: 15 }],
    }),
  maxIterations: z.int().min(1).max(1_000).default(50).meta({
    description: 'Most rounds over all categories.',
    unit: 'iterations',
  }),
  tolerance: z.number().min(0).max(1).default(1e-6).meta({
    description: 'Stop when no offset moved by more in a round.',
    unit: 'of the label',
  }),
})
export type BiasParams = z.infer<typeof params>

export const bias: ModelKind<'regressor', BiasParams> = {
  name: 'bias',
  task: 'regressor',
  summary: 'Mean plus a damped offset per level of each category, such as user and item.',
  uses: { features: false, categories: true },
  params,
  baseline: 'mean',
  searchSpace: { damping: [1, 2, 5, 10, 20] },
  // Residuals, weights and recoded levels per row (two categories); offsets, sums and counts per level.
  memoryBytes: (rows, _features, levels) => rows * (8 + 8 + 2 * 4) + levels * (3 * 8 + 100),
  async fit(data, chosen, context) {
    return regressor(await fitBias(data, chosen, context), chosen)
  },
  load(artifact) {
    checkArtifact(artifact, bias, FORMAT)
    return regressor(readLinear(artifact), artifact.params)
  },
}

const regressor = (model: LinearModel, params: Artifact['params']): FittedRegressor =>
  linearRegressor(model, { kind: bias.name, format: FORMAT, params })
