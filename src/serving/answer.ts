/** From a model's output to answers: labels, clipping, cluster names, and what stood in for unknown inputs. */
import type { FittedRows, PredictInput } from '../models/index.ts'
import type { LoadedModel } from './loaded-model.ts'
import { invalidRows, type InputPlan, type ReadRows } from './row-reader.ts'
import type { Explained, Fallback, Prediction, PredictOptions, Reason } from './serving.ts'

/** Label 1 from this probability on. */
const THRESHOLD = 0.5

type Unknown = readonly (readonly string[] | undefined)[]
interface Output {
  readonly predictions: readonly Prediction[]
  readonly unknown: Unknown
}

/** One prediction per row, in order. Throws SERVING_INVALID_ROW for a row that has no finite answer (V5). */
export function predictRows(
  model: LoadedModel,
  rows: ReadRows,
  { reasons = 0, explain = false }: Pick<PredictOptions, 'reasons' | 'explain'> = {},
): Prediction[] {
  const { predictions, unknown } = outputOf(model, model.fitted, rows.input)
  const bad = predictions.findIndex(
    ({ probability, value, distance }) => !Number.isFinite(probability ?? value ?? distance),
  )
  if (bad >= 0) {
    throw invalidRows([
      { path: `/rows/${bad}`, message: 'has no finite prediction: a value is too large' },
    ])
  }
  const explained = reasons > 0 || explain ? explainer(model.fitted, rows.input) : undefined
  return predictions.map((given, row) => {
    const why = explained?.(row)
    const prediction = {
      ...given,
      ...(why && reasons > 0 && { reasons: why.contributions.slice(0, reasons) }),
      ...(why && explain && { explanation: why }),
    }
    const fallback = fallbackOf(model.plan, rows.unknownEntities[row] ?? [], unknown[row] ?? [])
    return fallback ? { ...prediction, fallback } : prediction
  })
}

function outputOf(model: LoadedModel, fitted: FittedRows, input: PredictInput): Output {
  if (fitted.task === 'classifier') {
    const { probability, unknown } = fitted.predictProba(input)
    return {
      predictions: Array.from(probability, (p) => ({
        label: p >= THRESHOLD ? 1 : 0,
        probability: p,
      })),
      unknown,
    }
  }
  if (fitted.task === 'regressor') {
    const { value, unknown } = fitted.predict(input)
    const [low, high] = model.range ?? [-Infinity, Infinity]
    return {
      predictions: Array.from(value, (v) => ({ value: Math.min(high, Math.max(low, v)) })),
      unknown,
    }
  }
  const { cluster, distance, unknown } = fitted.assign(input)
  const labels = new Map(model.profiles.map(({ id, label }) => [id, label]))
  return {
    predictions: Array.from(cluster, (id, row) => ({
      cluster: id,
      clusterLabel: labels.get(id) ?? `cluster ${id}`,
      distance: distance[row] ?? Number.NaN,
    })),
    unknown,
  }
}

/** What made the score of a row; undefined for a clusterer, which has none. */
function explainer(
  fitted: LoadedModel['fitted'],
  input: PredictInput,
): ((row: number) => Explained) | undefined {
  if (fitted.task === 'clusterer') return undefined
  const { names, base, contributions, score } = fitted.explain(input)
  const { matrix, categories } = input
  const valueOf = (name: string, row: number): number | string | null => {
    const column = matrix.names.indexOf(name)
    if (column < 0) return categories[name]?.[row] ?? null
    const value = matrix.values[row * matrix.names.length + column]
    return value !== undefined && Number.isFinite(value) ? value : null
  }
  const partsOf = (row: number): Reason[] =>
    names
      .map((feature, at) => ({
        feature,
        value: valueOf(feature, row),
        effect: contributions[row * names.length + at] ?? 0,
      }))
      .toSorted((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
  return (row) => ({ base, score: score[row] ?? 0, contributions: partsOf(row) })
}

/** Features of an entity that was never seen are told as that one entity. */
function fallbackOf(
  plan: InputPlan,
  entities: readonly string[],
  unknown: readonly string[],
): Fallback | undefined {
  if (entities.length === 0 && unknown.length === 0) return undefined
  const rest = unknown.filter((name) => {
    const entity = plan.entityOf.get(name)
    return !entities.includes(name) && !(entity !== undefined && entities.includes(entity))
  })
  const used = [
    ...entities.map(
      (name) => `no events of this ${name} yet: typical values of the training data were used`,
    ),
    ...rest.map((name) =>
      plan.categories.includes(name)
        ? `this ${name} is new to the model: predicted without an effect of its own`
        : `${name} has no value: a typical value of the training data was used`,
    ),
  ]
  return { unknown: [...entities, ...rest], used: used.join('; ') }
}
