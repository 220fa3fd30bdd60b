/**
 * Logistic regression with an L2 penalty, trained by L-BFGS: the probability of label 1 from a weighted sum of standardized
 * features and, for each category, one weight per level. Use it first for any yes/no question; it is quick, its weights can
 * be read, and it needs few rows. See README.md for the equation.
 */
import { z } from 'zod'
import { withCalibration, type ScoringClassifier } from '../calibration/calibrated-kind.ts'
import { checkArtifact } from '../artifact-reader.ts'
import {
  createLinearExplainer,
  createLinearScorer,
  readLinear,
  writeLinear,
  type LinearModel,
} from '../linear-model.ts'
import { sigmoid } from '../log-odds.ts'
import { fitLogistic } from './logistic-solver.ts'

const IDENTITY = { name: 'logistic', task: 'classifier' } as const
const FORMAT = 1

const params = z.strictObject({
  regularization: z.number().min(0).max(1e9).default(1).meta({
    description:
      'λ, strength of the L2 penalty on the weights (not the intercept), added to the summed loss; scikit-learn calls 1/λ "C".',
    unit: '1 / squared weight of a standardized feature',
  }),
  maxIterations: z.int().min(1).max(10_000).default(200).meta({
    description: 'Most L-BFGS iterations.',
    unit: 'iterations',
  }),
  tolerance: z.number().min(1e-12).max(1).default(1e-6).meta({
    description: 'Stop when no entry of the gradient of the mean loss is larger.',
    unit: 'loss per unit of weight',
  }),
})
export type LogisticParams = z.infer<typeof params>

export const logistic = withCalibration({
  ...IDENTITY,
  summary: 'Logistic regression (L2, L-BFGS) on standardized features and one-hot categories.',
  uses: { features: true, categories: true },
  params,
  baseline: 'majority',
  // The standardized copy, scores and errors per row, and 25 vectors of weights (10 pairs and the work space).
  memoryBytes: (rows, features, levels) => rows * (features + 4) * 8 + (features + levels) * 25 * 8,
  async fit(data, chosen, context) {
    return classifier(await fitLogistic(data, chosen, context), chosen)
  },
  load(artifact) {
    checkArtifact(artifact, IDENTITY, FORMAT)
    return classifier(readLinear(artifact), artifact.params)
  },
})

function classifier(
  model: LinearModel,
  chosen: Readonly<Record<string, unknown>>,
): ScoringClassifier {
  const scorer = createLinearScorer(model)
  return {
    kind: IDENTITY.name,
    task: IDENTITY.task,
    predictProba(input) {
      const { score, unknown } = scorer(input)
      return { probability: score.map(sigmoid), unknown }
    },
    score: scorer,
    explain: createLinearExplainer(model),
    save: () => ({
      kind: IDENTITY.name,
      task: IDENTITY.task,
      format: FORMAT,
      params: chosen,
      ...writeLinear(model),
    }),
  }
}
