import { MAX_Z } from '../standardizer.ts'
import type { LinearModel } from '../linear-model.ts'
import type { OnnxBuilder } from './onnx-writer.ts'
import { FEATURES, levelValues, missingFeatures } from './row-inputs.ts'

/** The score of `createLinearScorer`: n × 1. The model has at least one input. */
export function linearScore(graph: OnnxBuilder, model: LinearModel): string {
  const { standardizer, coefficients, categories, intercept } = model
  const parts = categories.map((category) => levelValues(graph, category, category.weights, 0))
  if (coefficients.length > 0) {
    const { mean, deviation } = standardizer
    const row = (data: Float64Array): string =>
      graph.constant({ type: 'double', shape: [data.length], data })
    const means = row(mean)
    const known = graph.node('Where', [missingFeatures(graph), means, FEATURES])
    const z = graph.node('Div', [
      graph.node('Sub', [known, means]),
      // A constant column counts nothing.
      row(deviation.map((d) => (d > 0 ? d : 1))),
    ])
    const weights = graph.constant({
      type: 'double',
      shape: [coefficients.length, 1],
      data: coefficients.map((weight, j) => (deviation[j]! > 0 ? weight : 0)),
    })
    const cut = graph.node('Clip', [z, graph.scalar(-MAX_Z), graph.scalar(MAX_Z)])
    parts.push(graph.node('MatMul', [cut, weights]))
  }
  return parts.reduce((sum, part) => graph.node('Add', [sum, part]), graph.scalar(intercept))
}
