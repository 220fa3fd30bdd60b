/** What a model says of every entity that has features now. */
import { setImmediate } from 'node:timers/promises'
import { coreError } from '../core/index.ts'
import type { FeatureStore } from '../features/index.ts'
import type { LoadedModel } from './loaded-model.ts'
import type { EntityScore, PredictAnswer, PredictRow, ScoresAnswer } from './serving.ts'

/** Rows between two turns of the event loop: a few milliseconds. */
const CHUNK = 1_000

export async function scoreEntities(
  model: LoadedModel,
  features: FeatureStore,
  answerOf: (
    model: LoadedModel,
    rows: readonly PredictRow[],
    features: FeatureStore,
  ) => PredictAnswer,
): Promise<ScoresAnswer> {
  const { record, plan } = model
  const [view] = plan.views
  const keys = new Set([...plan.views.map(({ entity }) => entity), ...plan.categories])
  if (record.task === 'clusterer' || !view || plan.columns.length > 0 || keys.size > 1) {
    throw coreError(
      'CORE_INVALID_INPUT',
      `model "${record.model}" does not score the entities of one feature view: ask it row by row`,
      { details: { field: 'model' } },
    )
  }
  const entities = features.entities(view.view)
  const { predictions: _none, ...facts } = answerOf(model, [], features)
  const scores: EntityScore[] = []
  for (let start = 0; start < entities.length; start += CHUNK) {
    if (start > 0) await setImmediate()
    const some = entities.slice(start, start + CHUNK)
    const rows = some.map((entity): PredictRow => ({ [view.entity]: entity }))
    const { predictions } = answerOf(model, rows, features)
    predictions.forEach((prediction, at) => {
      scores.push({ entity: some[at] ?? '', ...prediction })
    })
  }
  const height = ({ probability, value }: EntityScore): number => probability ?? value ?? 0
  scores.sort((a, b) => height(b) - height(a) || (a.entity < b.entity ? -1 : 1))
  return { ...facts, key: view.entity, scores }
}
