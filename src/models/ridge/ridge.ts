/**
 * Ridge regression: a number from a weighted sum of standardized features, solved exactly. Use it for any numeric label
 * with numeric features. See README.md for the equation.
 */
import { z } from 'zod'
import { checkArtifact } from '../artifact-reader.ts'
import { readLinear, type LinearModel } from '../linear-model.ts'
import { linearRegressor } from '../linear-regressor.ts'
import type { Artifact, FittedRegressor, ModelKind } from '../model.ts'
import { fitRidge } from './ridge-solver.ts'

const FORMAT = 1

const params = z.strictObject({
  regularization: z.number().min(0).max(1e9).default(1).meta({
    description:
      'λ, strength of the L2 penalty on the weights (not the intercept), added to the summed squared error.',
    unit: 'squared label / squared weight of a standardized feature',
  }),
})
export type RidgeParams = z.infer<typeof params>

export const ridge: ModelKind<'regressor', RidgeParams> = {
  name: 'ridge',
  task: 'regressor',
  summary: 'Linear regression with an L2 penalty on standardized features, solved exactly.',
  uses: { features: true, categories: false },
  params,
  baseline: 'mean',
  searchSpace: { regularization: [0.01, 0.1, 1, 10, 100, 1_000] },
  // The standardized copy and residuals; the normal equations twice (one to factor, one to fall back on).
  memoryBytes: (rows, features) => rows * (features + 2) * 8 + 3 * features * features * 8,
  async fit(data, chosen, context) {
    return regressor(await fitRidge(data, chosen, context), chosen)
  },
  load(artifact) {
    checkArtifact(artifact, ridge, FORMAT)
    return regressor(readLinear(artifact), artifact.params)
  },
}

const regressor = (model: LinearModel, params: Artifact['params']): FittedRegressor =>
  linearRegressor(model, { kind: ridge.name, format: FORMAT, params })
