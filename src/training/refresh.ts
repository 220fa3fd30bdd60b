/** Versions that go on from the one that serves: which can, and how. */
import { isDeepStrictEqual } from 'node:util'
import {
  openRecommenderKind,
  type FittedRecommender,
  type Interactions,
  type RecommenderKind,
} from '../models/index.ts'
import type { ModelVersion, Refreshed, Registry } from '../registry/index.ts'
import { trainingError } from './errors.ts'
import type { JobTools } from './labelled-job.ts'
import type { ModelSpec } from './model-spec.ts'

/** Throws TRAINING_CANNOT_REFRESH: a refresh that was asked for by hand is not silently another training. */
export async function checkRefresh(registry: Registry, spec: ModelSpec): Promise<void> {
  const canRefresh =
    spec.task === 'recommender' && (await openRecommenderKind(spec.kind)).refresh !== undefined
  if (!canRefresh) throw cannot(spec, `is of kind ${spec.kind}, which is only trained in full`)
  if (spec.set.scheme === 'disjoint') throw cannot(spec, 'has disjoint sets, which begin anew')
  const champion = championOf(registry, spec.name)
  if (champion === undefined) throw cannot(spec, 'has no version to go on from')
  if (!goesOnFrom(champion, spec)) {
    throw cannot(spec, `learns from other interactions than its version ${champion.version} did`)
  }
}

const cannot = ({ name }: ModelSpec, reason: string): Error =>
  trainingError(
    'TRAINING_CANNOT_REFRESH',
    `${name} cannot be refreshed: it ${reason}: train it in full, without mode`,
    { details: { model: name } },
  )

/** Whether a version can be taken on by what the model is now. Its parameters may differ: a refresh keeps them. */
export function goesOnFrom({ kind, lineage }: ModelVersion, spec: ModelSpec): boolean {
  const { table, interactions } = lineage.spec
  return (
    kind === spec.kind &&
    table === spec.table &&
    isDeepStrictEqual(interactions, JSON.parse(JSON.stringify(spec.interactions ?? null)))
  )
}

export function championOf(registry: Registry, model: string): ModelVersion | undefined {
  const champion = registry.models().find((summary) => summary.name === model)?.champion
  return champion === undefined ? undefined : registry.version(model, champion)
}

/** The champion taken on to these interactions. Inside the child, where the plan says that it can. */
export async function refreshChampion(
  kind: RecommenderKind,
  data: Interactions,
  spec: ModelSpec,
  { champion, signal }: Pick<JobTools, 'champion' | 'signal'>,
): Promise<{ readonly fitted: FittedRecommender; readonly refreshed: Refreshed }> {
  if (champion === undefined || kind.refresh === undefined) {
    throw new TypeError(`a refresh of ${spec.name} was planned without a version to go on from`)
  }
  const before = champion.fitted.save()
  const context = { seed: spec.seed, signal }
  const { fitted, users, items } = await kind.refresh(before, data, context)
  return { fitted, refreshed: { from: champion.version, users, items } }
}
