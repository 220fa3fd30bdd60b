/**
 * Logistic regression with an L1 or elastic-net penalty. Each iteration puts a quadratic in the place of the loss (Friedman,
 * Hastie and Tibshirani 2010, equation 15), minimizes it with the penalty by coordinate descent, and goes that way as far
 * as the loss itself falls (Yuan, Ho and Lin, "An improved GLMNET for L1-regularized logistic regression", JMLR 13, 2012,
 * equation 20), so that separable labels cannot throw it off.
 *
 *   minimize  (1/W) Σ_r v_r (log(1 + e^{s_r}) − y_r s_r)  +  (λ/W) ((1 − α)/2 ‖w‖² + α ‖w‖₁),   w: all but the intercept
 */
import { checkBothClasses, checkDataset, rowWeights } from '../dataset.ts'
import {
  createDesign,
  descend,
  linearModelOf,
  scoresOf,
  violationOf,
  type Coefficients,
  type Design,
  type Penalty,
} from '../coordinate-descent.ts'
import type { LinearModel } from '../linear-model.ts'
import { sigmoid, softplus } from '../log-odds.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer, type Pacer } from '../pacer.ts'
import type { LogisticParams } from './logistic.ts'

/** Part of the predicted fall that a step must bring, and the shortest step (ibid., σ and β). */
const ENOUGH = 0.01
const MAX_HALVINGS = 30
/** Rounds over the coefficients for one quadratic: the next quadratic is worth more than the last digits of this one. */
const MAX_ROUNDS = 1_000
/** Least p (1 − p), so that rows which are all but certain still hold their coefficients back (ibid., ν). */
const LEAST_CURVATURE = 1e-12

interface Problem {
  readonly design: Design
  readonly label: Float64Array
  /** v / W. */
  readonly weight: Float64Array
  readonly penalty: Penalty
}

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA (also for one class only). */
export async function fitByDescent(
  data: Dataset,
  params: LogisticParams,
  context: FitContext,
): Promise<LinearModel> {
  checkDataset(data, 'class')
  const pacer = createPacer(context)
  const label = data.label!
  checkBothClasses(label)
  const given = rowWeights(data)
  const weightSum = given.reduce((sum, value) => sum + value, 0)
  const { regularization, l1Share, maxIterations, tolerance } = params
  const design = await createDesign(data, pacer)
  const problem: Problem = {
    design,
    label,
    weight: given.map((value) => value / weightSum),
    penalty: {
      ridge: (regularization * (1 - l1Share)) / weightSum,
      lasso: (regularization * l1Share) / weightSum,
    },
  }
  const at: Coefficients = { intercept: 0, weights: new Float64Array(design.size) }
  let score: Float64Array = new Float64Array(label.length)
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const next = await step(problem, at, score, tolerance, pacer)
    if (!next) break
    score = next
    pacer.progress(iteration / maxIterations)
  }
  pacer.progress(1)
  return linearModelOf(design, at)
}

/** One quadratic; moves the coefficients and returns their scores, or undefined when they are at the minimum. */
async function step(
  problem: Problem,
  at: Coefficients,
  score: Float64Array,
  tolerance: number,
  pacer: Pacer,
): Promise<Float64Array | undefined> {
  const { design, label, weight, penalty } = problem
  const curve = new Float64Array(label.length)
  const residual = new Float64Array(label.length)
  for (let r = 0; r < label.length; r++) {
    const p = sigmoid(score[r]!)
    curve[r] = weight[r]! * Math.max(LEAST_CURVATURE, p * (1 - p))
    residual[r] = weight[r]! * (label[r]! - p)
  }
  const gradient = residual.slice()
  const worst = await violationOf(design, at, gradient, penalty, pacer)
  if (worst <= tolerance) return undefined
  const next: Coefficients = { intercept: at.intercept, weights: at.weights.slice() }
  const options = {
    penalty,
    tolerance: Math.max(tolerance / 10, worst / 100),
    maxRounds: MAX_ROUNDS,
  }
  await descend(design, { weight: curve, residual }, next, options, pacer)
  const aim = await scoresOf(design, next, pacer)
  const way = aim.map((value, r) => value - score[r]!)
  let predicted = penaltyOf(next, penalty) - penaltyOf(at, penalty)
  for (let r = 0; r < way.length; r++) predicted -= gradient[r]! * way[r]!
  if (!(predicted < 0)) return undefined
  const from = valueOf(problem, at, score)
  for (let halving = 0, part = 1; halving < MAX_HALVINGS; halving++, part /= 2) {
    const point = between(at, next, part)
    const there = score.map((value, r) => value + part * way[r]!)
    if (pacer.due(label.length * 40)) await pacer.rest()
    if (!(valueOf(problem, point, there) <= from + ENOUGH * part * predicted)) continue
    at.intercept = point.intercept
    at.weights.set(point.weights)
    return there
  }
  return undefined
}

function between(from: Coefficients, to: Coefficients, part: number): Coefficients {
  if (part === 1) return to
  const mix = (a: number, b: number): number => a + part * (b - a)
  return {
    intercept: mix(from.intercept, to.intercept),
    weights: from.weights.map((value, j) => mix(value, to.weights[j]!)),
  }
}

const penaltyOf = ({ weights }: Coefficients, { ridge, lasso }: Penalty): number =>
  weights.reduce((sum, w) => sum + (ridge / 2) * w * w + lasso * Math.abs(w), 0)

function valueOf(problem: Problem, at: Coefficients, score: Float64Array): number {
  const { label, weight, penalty } = problem
  let loss = penaltyOf(at, penalty)
  for (let r = 0; r < label.length; r++) {
    loss += weight[r]! * (softplus(score[r]!) - label[r]! * score[r]!)
  }
  return loss
}
