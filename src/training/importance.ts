/** What the answers of a model rest on, for the registry. */
import { createRandom, type Random } from '../kernels/index.ts'
import type { Fitted, PredictInput } from '../models/index.ts'
import type { VersionImportance } from '../registry/index.ts'
import type { Frame } from '../features/index.ts'
import { evaluate, metricDirection } from './evaluation/catalog.ts'
import { inputOf, labelsOf, scoresOf } from './frame-data.ts'
import type { ModelSpec } from './model-spec.ts'

/** Below this a shuffle says more about its own luck than about the input. */
const LEAST_ROWS = 50
/** Enough for a second figure; more only cost time. */
const MOST_ROWS = 2_000
const SHUFFLES = 5

/**
 * Permutation importance (Breiman, "Random forests", Machine Learning 45, 2001, section 10; as Fisher, Rudin and Dominici,
 * JMLR 20, 2019, equation 5): how much worse the metric of the gate gets on rows that the model has not seen when one input is
 * shuffled among them, the mean of five shuffles. Inputs that say the same stand in for each other, and then each looks small.
 * Beside it the share of the gain of the splits, for kinds that measured it while they learned.
 *
 * @param rows of the frame; none that the model learned from. Fewer than 50: undefined, as when the metric is not defined
 */
export function importanceOf(
  spec: ModelSpec,
  fitted: Fitted,
  frame: Frame,
  rows: Int32Array,
): VersionImportance | undefined {
  if (rows.length < LEAST_ROWS) return undefined
  if (fitted.task !== 'classifier' && fitted.task !== 'regressor') return undefined
  const { task } = fitted
  const { metric } = spec.gate
  const random = createRandom(spec.seed)
  const some =
    rows.length <= MOST_ROWS
      ? rows
      : random
          .shuffle(rows.slice())
          .subarray(0, MOST_ROWS)
          .toSorted((a, b) => a - b)
  const truth = labelsOf(frame, some)
  const input = inputOf(frame, some, spec)
  const figure = (asked: PredictInput): number | undefined =>
    evaluate(task, { truth, predicted: scoresOf(fitted, asked, spec) })[metric]
  const whole = figure(input)
  if (whole === undefined) return undefined
  const permutation: Record<string, number> = {}
  for (const shuffled of shufflers(input)) {
    let fall = 0
    for (let i = 0; i < SHUFFLES; i++) {
      fall +=
        ((whole - (figure(shuffled.by(random)) ?? whole)) * metricDirection(metric)) / SHUFFLES
    }
    permutation[shuffled.name] = fall
  }
  const gain = fitted.importance?.()
  return { metric, rows: some.length, permutation, ...(gain && { gain }) }
}

/** For each input, the rows with its values in another order. */
function shufflers(
  input: PredictInput,
): { readonly name: string; readonly by: (random: Random) => PredictInput }[] {
  const { matrix, categories } = input
  const { names, rows } = matrix
  const orderBy = (random: Random): Int32Array =>
    random.shuffle(Int32Array.from({ length: rows }, (_, r) => r))
  const features = names.map((name, j) => ({
    name,
    by: (random: Random): PredictInput => {
      const values = matrix.values.slice()
      orderBy(random).forEach((from, r) => {
        values[r * names.length + j] = matrix.values[from * names.length + j] ?? Number.NaN
      })
      return { matrix: { ...matrix, values }, categories }
    },
  }))
  const levels = Object.keys(categories).map((name) => ({
    name,
    by: (random: Random): PredictInput => {
      const texts = categories[name] ?? []
      const moved = Array.from(orderBy(random), (from) => texts[from] ?? null)
      return { matrix, categories: { ...categories, [name]: moved } }
    },
  }))
  return [...features, ...levels]
}
