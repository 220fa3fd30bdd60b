/**
 * The mathematics of penalized logistic regression (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning,
 * 2nd ed., 4.4.1 and 4.4.4). With s_r = b + β·z_r + Σ_c w_c[level of r], y_r ∈ {0, 1} and row weights v_r, W = Σ v_r:
 *
 *   minimize  (1/W) Σ_r v_r · (log(1 + e^{s_r}) − y_r s_r)  +  (λ / 2W) (‖β‖² + Σ_c ‖w_c‖²)
 *
 * Convex; strictly so for λ > 0. An evaluation reads the rows once, on all processors (`kernels/logistic-rows/`).
 */
import { minimize } from '../../kernels/index.ts'
import { keptLevels } from '../category-levels.ts'
import { checkBothClasses, checkDataset, rowWeights } from '../dataset.ts'
import type { LinearModel } from '../linear-model.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer, type Pacer } from '../pacer.ts'
import { kernelPoint, openDesign, unknownSlopes, type LogisticDesign } from './logistic-design.ts'
import type { LogisticParams } from './logistic.ts'

interface Problem {
  readonly design: LogisticDesign
  readonly rows: number
  readonly weightSum: number
  readonly regularization: number
  /** Point and slopes in the order of the kernel. */
  readonly point: Float64Array
  readonly slopes: Float64Array
}

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA (also for one class only). */
export async function fitLogistic(
  data: Dataset,
  params: LogisticParams,
  context: FitContext,
): Promise<LinearModel> {
  checkDataset(data, 'class')
  const pacer = createPacer(context)
  const label = data.label!
  checkBothClasses(label)
  const design = await openDesign(data, pacer)
  try {
    design.rows.labels.set(label)
    const weight = rowWeights(data)
    design.rows.weights.set(weight)
    const problem: Problem = {
      design,
      rows: label.length,
      weightSum: weight.reduce((sum, value) => sum + value, 0),
      regularization: params.regularization,
      point: new Float64Array(design.size),
      slopes: new Float64Array(design.size),
    }
    const unknowns = new Float64Array(design.size)
    await minimize((at, gradient) => evaluate(problem, at, gradient, pacer), unknowns, {
      maxIterations: params.maxIterations,
      tolerance: params.tolerance,
      signal: context.signal,
      onIteration: (iteration) => pacer.progress(iteration / params.maxIterations),
    })
    pacer.progress(1)
    return modelOf(design, unknowns)
  } finally {
    design.rows.close()
  }
}

function modelOf(design: LogisticDesign, unknowns: Float64Array): LinearModel {
  const { standardizer, categories, offsets } = design
  return {
    standardizer,
    intercept: unknowns[0]!,
    coefficients: unknowns.slice(1, 1 + standardizer.names.length),
    categories: categories.map((category, c) => ({
      ...keptLevels(category),
      weights: unknowns.slice(offsets[c], offsets[c]! + category.levels.length),
    })),
  }
}

/** Multiply-adds between two looks at the signal: some milliseconds of the kernel, less than 100 of its plain twin. */
const WORK = 50_000_000
/** Multiply-adds of the kernel in the time of one of plain TypeScript. */
const TIMES_AS_FAST = 4

/** Value and gradient of the objective, span by span of rows. */
async function evaluate(
  problem: Problem,
  at: Float64Array,
  gradient: Float64Array,
  pacer: Pacer,
): Promise<number> {
  const { design, weightSum, regularization, point, slopes } = problem
  const { rows } = design
  kernelPoint(design, at, point)
  rows.setPoint(point)
  const work = 2 * rows.stride + 40 + (4 * rows.entries.length) / problem.rows
  const span = Math.max(1_024, Math.floor(WORK / work))
  for (let from = 0; from < problem.rows; from += span) {
    const to = Math.min(problem.rows, from + span)
    rows.add(from, to)
    if (pacer.due(((to - from) * work) / TIMES_AS_FAST + at.length)) await pacer.rest()
  }
  const loss = rows.take(slopes)
  unknownSlopes(design, slopes, gradient)
  let penalty = 0
  for (let i = 0; i < at.length; i++) {
    const value = i === 0 ? 0 : at[i]!
    penalty += value * value
    gradient[i] = (gradient[i]! + regularization * value) / weightSum
  }
  return (loss + (regularization / 2) * penalty) / weightSum
}
