/** The questions that every kind of trees answers the same way. */
import { availableParallelism } from 'node:os'
import { createTreeScorer as createFastScorer } from '../../kernels/index.ts'
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
  const scoreAll = createScorer(ensemble)
  return {
    score(input) {
      const { values, unknown } = encode(input)
      return { score: scoreAll(values, input.matrix.rows), unknown }
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
        score: scoreAll(values, rows),
      }
    },
    importance: () => gainImportance(ensemble),
  }
}

/** Below this many rows the way into WebAssembly and back costs more than it saves. */
const FEW_ROWS = 16

/** Both ways give the same bits. The fast one, made when it is first needed, knows no splits by category. */
function createScorer(ensemble: TreeEnsemble): (rows: Float64Array, count: number) => Float64Array {
  const { inputs, base } = ensemble
  let fast: ReturnType<typeof createFastScorer> | 'not yet'
  fast = inputs.categories.length > 0 ? undefined : 'not yet'
  return (rows, count) => {
    if (count < FEW_ROWS) return scoreRows(ensemble, rows, count)
    if (fast === 'not yet') {
      const trees = { ...ensemble, columns: inputs.features.length }
      fast = createFastScorer(trees, { threads: availableParallelism() })
    }
    return fast ? fast(rows, count, base) : scoreRows(ensemble, rows, count)
  }
}
