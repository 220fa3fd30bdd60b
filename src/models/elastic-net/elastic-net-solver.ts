/**
 * The mathematics of the elastic net (Zou and Hastie, Journal of the Royal Statistical Society B 67, 2005; coordinate
 * descent: `coordinate-descent.ts`). With z the standardized features, v_r row weights and W their sum:
 *
 *   minimize  ½ Σ_r v_r (y_r − ŷ_r)²  +  λ ((1 − α)/2 ‖w‖² + α ‖w‖₁),   ŷ = b + β·z + Σ_c w_c[level]
 *
 * It is solved for labels of deviation 1 and weights of sum 1, so that the tolerance means the same for any data.
 */
import { createDesign, descend, linearModelOf, type Coefficients } from '../coordinate-descent.ts'
import { checkDataset, rowWeights } from '../dataset.ts'
import type { LinearModel } from '../linear-model.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer } from '../pacer.ts'
import { weightedMean } from '../weighted-mean.ts'
import type { ElasticNetParams } from './elastic-net.ts'

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA. */
export async function fitElasticNet(
  data: Dataset,
  params: ElasticNetParams,
  context: FitContext,
): Promise<LinearModel> {
  checkDataset(data, 'value')
  const pacer = createPacer(context)
  const given = rowWeights(data)
  const label = data.label!
  const weightSum = given.reduce((sum, v) => sum + v, 0)
  const weight = given.map((v) => v / weightSum)
  const mean = weightedMean(label, given)
  const variance = label.reduce((sum, y, r) => sum + weight[r]! * (y - mean) ** 2, 0)
  // Equal labels need no weight; any unit will do.
  const unit = Math.sqrt(variance) || 1
  const design = await createDesign(data, pacer)
  const at: Coefficients = { intercept: 0, weights: new Float64Array(design.size) }
  const residual = label.map((y, r) => (weight[r]! * (y - mean)) / unit)
  const { regularization, l1Share, maxIterations, tolerance } = params
  const penalty = {
    ridge: (regularization * (1 - l1Share)) / weightSum,
    lasso: (regularization * l1Share) / weightSum / unit,
  }
  const options = { penalty, tolerance, maxRounds: maxIterations }
  await descend(design, { weight, residual }, at, options, pacer)
  pacer.progress(1)
  return linearModelOf(design, {
    intercept: mean + at.intercept * unit,
    weights: at.weights.map((value) => value * unit),
  })
}
