/**
 * Linear regression with an L1 and an L2 penalty: a number from a weighted sum of which most terms may be exactly 0. Use it
 * where many inputs are on offer and few matter. See README.md for the equation.
 */
import { z } from 'zod'
import { checkArtifact } from '../artifact-reader.ts'
import { readLinear, type LinearModel } from '../linear-model.ts'
import { linearRegressor } from '../linear-regressor.ts'
import type { Artifact, FittedRegressor, ModelKind } from '../model.ts'
import { fitElasticNet } from './elastic-net-solver.ts'

const FORMAT = 1

const params = z.strictObject({
  regularization: z.number().min(0).max(1e9).default(1).meta({
    description:
      'λ, strength of the penalty on the weights (not the intercept), added to half the summed squared error.',
    unit: 'squared label / squared weight of a standardized feature',
  }),
  l1Share: z.number().min(0).max(1).default(0.5).meta({
    description: 'α, the part of the penalty that is L1; 1 is the lasso, 0 is `ridge`.',
    unit: 'share',
  }),
  maxIterations: z.int().min(1).max(100_000).default(1_000).meta({
    description: 'Most rounds over the weights.',
    unit: 'rounds',
  }),
  tolerance: z.number().min(1e-14).max(1).default(1e-7).meta({
    description: 'Stop when no entry of the least subgradient of the mean squared error is larger.',
    unit: 'deviations of the label',
  }),
})
export type ElasticNetParams = z.infer<typeof params>

export const elasticNet: ModelKind<'regressor', ElasticNetParams> = {
  name: 'elastic-net',
  task: 'regressor',
  summary:
    'Linear regression with an L1 and an L2 penalty on standardized features and one-hot categories.',
  uses: { features: true, categories: true },
  params,
  baseline: 'mean',
  searchSpace: { regularization: [0.1, 1, 10, 100], l1Share: [0.1, 0.5, 0.9, 1] },
  // The standardized copy; label, weight, residual and recoded levels with their rows; a few numbers per weight.
  memoryBytes: (rows, features, levels) => rows * (features + 8) * 8 + (features + levels) * 150,
  async fit(data, chosen, context) {
    return regressor(await fitElasticNet(data, chosen, context), chosen)
  },
  load(artifact) {
    checkArtifact(artifact, elasticNet, FORMAT)
    return regressor(readLinear(artifact), artifact.params)
  },
}

const regressor = (model: LinearModel, params: Artifact['params']): FittedRegressor =>
  linearRegressor(model, { kind: elasticNet.name, format: FORMAT, params })
