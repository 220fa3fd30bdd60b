/** The questions that every kind of trees answers the same way. */
import type { Explanation, Importance, PredictInput, Unknown } from '../model.ts'
import { gainImportance, inputNames, scoreRows, type TreeEnsemble } from './tree-ensemble.ts'
import { addContributions, expectedScore } from './tree-explainer.ts'
import { createRowEncoder } from './tree-rows.ts'

export interface TreeScorer {
  readonly score: (input: PredictInput) => {
    readonly score: Float64Array
    readonly unknown: Unknown
  }
  readonly explain: (input: PredictInput) => Explanation
  readonly importance: () => Importance
}

export function createTreeScorer(ensemble: TreeEnsemble): TreeScorer {
  const encode = createRowEncoder(ensemble.inputs)
  const base = expectedScore(ensemble)
  return {
    score(input) {
      const { values, unknown } = encode(input)
      return { score: scoreRows(ensemble, values, input.matrix.rows), unknown }
    },
    explain(input) {
      const { values } = encode(input)
      const { rows } = input.matrix
      const contributions = new Float64Array(values.length)
      addContributions(ensemble, values, rows, contributions)
      return {
        names: inputNames(ensemble.inputs),
        base,
        contributions,
        score: scoreRows(ensemble, values, rows),
      }
    },
    importance: () => gainImportance(ensemble),
  }
}
