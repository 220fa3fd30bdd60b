/** Explains a model that does not look at its input: the base is everything. */
import { checkMatrix } from './dataset.ts'
import type { Explanation, PredictInput } from './model.ts'

export const createConstantExplainer =
  (score: number) =>
  ({ matrix }: PredictInput): Explanation => {
    checkMatrix(matrix)
    return {
      names: [],
      base: score,
      contributions: new Float64Array(0),
      score: new Float64Array(matrix.rows).fill(score),
    }
  }
