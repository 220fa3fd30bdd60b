/**
 * Logistic regression with an L2, L1 or elastic-net penalty: the probability of label 1 from a weighted sum of standardized
 * features and, for each category, one weight per level. Use it first for any yes/no question; it is quick, its weights can
 * be read, and it needs few rows. See README.md for the equation.
 */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { logisticRowsBytes } from '../../kernels/index.ts'
import { checkArtifact } from '../artifact-reader.ts'
import { withCalibration, type ScoringClassifier } from '../calibration/calibrated-kind.ts'
import { withClassWeight } from '../class-weight.ts'
import {
  createLinearExplainer,
  createLinearScorer,
  readLinear,
  writeLinear,
  type LinearModel,
} from '../linear-model.ts'
import { sigmoid } from '../log-odds.ts'
import { fitByDescent } from './logistic-descent.ts'
import { fitLogistic } from './logistic-solver.ts'

const IDENTITY = { name: 'logistic', task: 'classifier' } as const
const FORMAT = 1

const params = z.strictObject({
  regularization: z.number().min(0).max(1e9).default(1).meta({
    description:
      'λ, strength of the penalty on the weights (not the intercept), added to the summed loss; scikit-learn calls 1/λ "C".',
    unit: '1 / squared weight of a standardized feature',
  }),
  l1Share: z.number().min(0).max(1).default(0).meta({
    description:
      'α, the part of the penalty that is L1, which sets weights to exactly 0; 0: L2 alone (L-BFGS), above 0: elastic net, 1: L1 alone (both by coordinate descent).',
    unit: 'share',
  }),
  maxIterations: z.int().min(1).max(10_000).default(200).meta({
    description: 'Most iterations of L-BFGS, or most quadratics of coordinate descent.',
    unit: 'iterations',
  }),
  tolerance: z.number().min(1e-12).max(1).default(1e-6).meta({
    description: 'Stop when no entry of the (least sub-)gradient of the mean loss is larger.',
    unit: 'loss per unit of weight',
  }),
})
export type LogisticParams = z.infer<typeof params>

export const logistic = withCalibration(
  withClassWeight({
    ...IDENTITY,
    summary:
      'Logistic regression (L2, L1 or elastic net) on standardized features and one-hot categories.',
    uses: { features: true, categories: true },
    params,
    baseline: 'majority',
    searchSpace: { regularization: [0.01, 0.1, 1, 10, 100], l1Share: [0, 0.5, 1] },
    // L-BFGS: the rows of the kernel, with two levels each, and the checks of a label. Descent: the standardized copy, up to nine
    // numbers per row (scores, errors, curvatures, a step), the rows of levels. Both: 25 vectors of weights.
    memoryBytes: (rows, features, levels, { l1Share }) =>
      (features + levels) * 25 * 8 +
      (l1Share > 0
        ? rows * (features + 12) * 8
        : rows * 16 +
          logisticRowsBytes({
            rows,
            columns: features,
            levels,
            entries: 2 * rows,
            threads: availableParallelism(),
          })),
    async fit(data, chosen, context) {
      const fit = chosen.l1Share > 0 ? fitByDescent : fitLogistic
      return classifier(await fit(data, chosen, context), chosen)
    },
    load(artifact) {
      checkArtifact(artifact, IDENTITY, FORMAT)
      return classifier(readLinear(artifact), artifact.params)
    },
  }),
)

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
