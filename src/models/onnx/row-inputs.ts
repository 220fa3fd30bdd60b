/** The inputs that every exported model takes: one matrix of features, and one column of texts for each category. */
import type { OnnxBuilder, OnnxValue } from './onnx-writer.ts'

/** Name of the input that holds the features, n × features, double. NaN is a missing value. */
export const FEATURES = 'features'

export interface RowInputs {
  readonly features: readonly string[]
  readonly categories: readonly string[]
}

/** A category keeps its name, unless it is that of the features. */
export const categoryInput = (name: string): string => (name === FEATURES ? `${name}_text` : name)

export const inputValues = ({ features, categories }: RowInputs): OnnxValue[] => [
  ...(features.length > 0
    ? [{ name: FEATURES, type: 'double' as const, shape: ['n' as const, features.length] }]
    : []),
  ...categories.map((name) => ({
    name: categoryInput(name),
    type: 'string' as const,
    shape: ['n' as const],
  })),
]

/** Whether each feature is missing or infinite: n × features. */
export const missingFeatures = (graph: OnnxBuilder): string =>
  graph.node('Or', [graph.node('IsNaN', [FEATURES]), graph.node('IsInf', [FEATURES])])

/** One number per row for a text: that of its level, or `unknown`. n × 1. */
export function levelValues(
  graph: OnnxBuilder,
  { name, levels }: { readonly name: string; readonly levels: readonly string[] },
  values: Float64Array,
  unknown: number,
): string {
  const data = new Float64Array(levels.length + 1)
  data.set(values)
  data[levels.length] = unknown
  const table = graph.constant({ type: 'double', shape: [data.length], data })
  const code = graph.node(
    'LabelEncoder',
    [categoryInput(name)],
    {
      // The operator takes no empty table; a level nobody can send stands in.
      keys_strings: levels.length === 0 ? ['\u0000'] : levels,
      values_int64s: levels.length === 0 ? [0] : levels.map((_, at) => at),
      default_int64: levels.length,
    },
    'ai.onnx.ml',
  )
  const axis = graph.constant({ type: 'int64', shape: [1], data: BigInt64Array.of(1n) })
  return graph.node('Unsqueeze', [graph.node('Gather', [table, code]), axis])
}
