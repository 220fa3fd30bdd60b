/**
 * A fitted model as an ONNX file (IR version 10, opset 21, ai.onnx.ml 5), for programs that are not this one. Linear models and
 * trees only.
 *
 * - inputs: `features`, double, n × features in the order of the metadata entry `millrace.features`, NaN where a value is
 *   missing; and one column of n texts for each category, by its name, any unknown text where a value is missing.
 * - outputs of a classifier: `probability` of label 1, double, n; `label`, int64, n.
 * - output of a regressor: `value`, double, n, within the range that the model declares.
 */
import { readCalibrator, withoutCalibration } from '../calibration/calibrated-kind.ts'
import type { Calibrator } from '../calibration/calibrator.ts'
import { modelError } from '../errors.ts'
import { readLinear } from '../linear-model.ts'
import type { Artifact } from '../model.ts'
import { readEnsemble } from '../trees/tree-artifact.ts'
import { linearScore } from './linear-onnx.ts'
import { OnnxBuilder, type OnnxValue } from './onnx-writer.ts'
import { inputValues, type RowInputs } from './row-inputs.ts'
import { treeScore } from './tree-onnx.ts'

/** What the score of a kind is. */
type Scale = 'log-odds' | 'probability' | 'value'

const kinds: Readonly<
  Record<string, { readonly family: 'linear' | 'trees'; readonly scale: Scale }>
> = {
  bias: { family: 'linear', scale: 'value' },
  'boosted-trees': { family: 'trees', scale: 'log-odds' },
  'boosted-trees-regressor': { family: 'trees', scale: 'value' },
  'elastic-net': { family: 'linear', scale: 'value' },
  logistic: { family: 'linear', scale: 'log-odds' },
  'random-forest': { family: 'trees', scale: 'probability' },
  'random-forest-regressor': { family: 'trees', scale: 'value' },
  ridge: { family: 'linear', scale: 'value' },
}

export interface OnnxFacts {
  /** `like@7`: the name of the graph. */
  readonly reference: string
  /** Answers of a regressor are clipped to it. */
  readonly range?: readonly [low: number, high: number]
}

/** Throws MODEL_EXPORT_UNSUPPORTED for other kinds and for a model without inputs; MODEL_ARTIFACT_INVALID. */
export function exportOnnx(artifact: Artifact, { reference, range }: OnnxFacts): Uint8Array {
  const kind = Object.hasOwn(kinds, artifact.kind) ? kinds[artifact.kind] : undefined
  if (!kind) {
    throw unsupported(
      `${reference} is of kind ${artifact.kind}: ONNX is written for ${Object.keys(kinds).join(', ')}; its own files, model.json and tensors.safetensors, can be read from any language`,
    )
  }
  const graph = new OnnxBuilder()
  const plain = withoutCalibration(artifact)
  const { score, inputs } = scoreOf(graph, plain, kind.family, reference)
  const outputs: OnnxValue[] = []
  const axis = graph.constant({ type: 'int64', shape: [1], data: BigInt64Array.of(1n) })
  const output = (value: string, name: string, type: OnnxValue['type']): void => {
    graph.output(graph.node('Squeeze', [value, axis]), name)
    outputs.push({ name, type, shape: ['n'] })
  }
  if (kind.scale === 'value') output(clipped(graph, score, range), 'value', 'double')
  else {
    const probability = probabilityOf(graph, score, kind.scale, readCalibrator(artifact))
    output(probability, 'probability', 'double')
    const isOne = graph.node('GreaterOrEqual', [probability, graph.scalar(0.5)])
    output(graph.node('Cast', [isOne], { to: INT64 }), 'label', 'int64')
  }
  const metadata = {
    'millrace.model': reference,
    'millrace.kind': artifact.kind,
    'millrace.features': JSON.stringify(inputs.features),
    'millrace.categories': JSON.stringify(inputs.categories),
  }
  return graph.finish({ name: reference, inputs: inputValues(inputs), outputs, metadata })
}

const INT64 = 7

function scoreOf(
  graph: OnnxBuilder,
  artifact: Artifact,
  family: 'linear' | 'trees',
  reference: string,
): { score: string; inputs: RowInputs } {
  const [features, categories, build] =
    family === 'linear' ? linearParts(artifact) : treeParts(artifact)
  if (features.length + categories.length === 0) {
    throw unsupported(`${reference} learned from no input: an ONNX graph without one has no rows`)
  }
  return { score: build(graph), inputs: { features, categories } }
}

type Parts = [readonly string[], readonly string[], (graph: OnnxBuilder) => string]

function linearParts(artifact: Artifact): Parts {
  const model = readLinear(artifact)
  const categories = model.categories.map(({ name }) => name)
  return [model.standardizer.names, categories, (graph) => linearScore(graph, model)]
}

function treeParts(artifact: Artifact): Parts {
  const ensemble = readEnsemble(artifact)
  const { features, categories } = ensemble.inputs
  return [features, categories.map(({ name }) => name), (graph) => treeScore(graph, ensemble)]
}

function clipped(graph: OnnxBuilder, value: string, range: OnnxFacts['range']): string {
  if (range === undefined) return value
  return graph.node('Clip', [value, graph.scalar(range[0]), graph.scalar(range[1])])
}

/** Nearer to 0 or 1 is not told apart: `log-odds.ts`. */
const LEAST = 1e-15

function probabilityOf(
  graph: OnnxBuilder,
  score: string,
  scale: Exclude<Scale, 'value'>,
  calibrator: Calibrator | undefined,
): string {
  const within = (value: string, low: number, high: number): string =>
    graph.node('Clip', [value, graph.scalar(low), graph.scalar(high)])
  if (!calibrator) {
    return scale === 'log-odds' ? graph.node('Sigmoid', [score]) : within(score, 0, 1)
  }
  let odds = score
  if (scale === 'probability') {
    const p = within(score, LEAST, 1 - LEAST)
    odds = graph.node('Log', [graph.node('Div', [p, graph.node('Sub', [graph.scalar(1), p])])])
  }
  if (calibrator.method === 'isotonic') return steps(graph, odds, calibrator)
  const stretched = graph.node('Mul', [odds, graph.scalar(calibrator.slope)])
  const moved = graph.node('Add', [stretched, graph.scalar(calibrator.intercept)])
  return graph.node('Sigmoid', [moved])
}

/**
 * The curve of an isotonic calibrator, straight between its points: at the first point, plus the part of every stretch that
 * the score has passed.
 */
function steps(
  graph: OnnxBuilder,
  score: string,
  { scores, probabilities }: Extract<Calibrator, { method: 'isotonic' }>,
): string {
  const count = Math.max(1, scores.length - 1)
  const row = (of: (at: number) => number, shape: number[]): string =>
    graph.constant({
      type: 'double',
      shape,
      data: Float64Array.from({ length: count }, (_, at) => of(at)),
    })
  const width = (at: number): number => (scores[at + 1] ?? scores[at]! + 1) - scores[at]!
  const passed = graph.node('Div', [
    graph.node('Sub', [score, row((at) => scores[at]!, [1, count])]),
    row(width, [1, count]),
  ])
  const part = graph.node('Clip', [passed, graph.scalar(0), graph.scalar(1)])
  const rise = row(
    (at) => (probabilities[at + 1] ?? probabilities[at]!) - probabilities[at]!,
    [count, 1],
  )
  const risen = graph.node('MatMul', [part, rise])
  return graph.node('Add', [risen, graph.scalar(probabilities[0]!)])
}

const unsupported = (message: string): Error => modelError('MODEL_EXPORT_UNSUPPORTED', message)
