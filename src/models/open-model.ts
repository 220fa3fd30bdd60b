/** From a name, parameters or an artifact to something that can be used. */
import type { z } from 'zod'
import { issuesOf, quote } from '../core/index.ts'
import { modelCatalog, recommenderCatalog } from './catalog.ts'
import { modelError } from './errors.ts'
import type { Artifact, Fitted, ModelKind } from './model.ts'
import type { RecommenderKind } from './recommender.ts'

/** The kind of this name that learns from rows. Throws MODEL_UNKNOWN_KIND. */
export const openKind = (name: string): Promise<ModelKind> => openFrom(modelCatalog, name)

/** The kind of recommender of this name. Throws MODEL_UNKNOWN_KIND. */
export const openRecommenderKind = (name: string): Promise<RecommenderKind> =>
  openFrom(recommenderCatalog, name)

async function openFrom<Kind>(
  catalog: Readonly<Record<string, () => Promise<Kind>>>,
  name: string,
): Promise<Kind> {
  const open = Object.hasOwn(catalog, name) ? catalog[name] : undefined
  if (!open) {
    throw modelError(
      'MODEL_UNKNOWN_KIND',
      `there is no kind of model ${quote(name)}: use one of ${Object.keys(catalog).join(', ')}`,
      { details: { kinds: Object.keys(catalog) } },
    )
  }
  return open()
}

/** Parameters with defaults filled in. Throws MODEL_INVALID_PARAMS with one issue per field. */
export function parseParams<Params>(
  kind: { readonly name: string; readonly params: z.ZodType<Params> },
  params: Readonly<Record<string, unknown>>,
): Params {
  const parsed = kind.params.safeParse(params)
  if (parsed.success) return parsed.data
  const issues = issuesOf(parsed.error)
  const first = issues[0]
  throw modelError(
    'MODEL_INVALID_PARAMS',
    `a parameter of ${quote(kind.name)} is wrong at ${quote(first?.path ?? '')}: ${first?.message ?? ''}`,
    { details: { issues } },
  )
}

/** A model ready to predict. Throws MODEL_UNKNOWN_KIND, MODEL_ARTIFACT_INVALID. */
export async function loadModel(artifact: Artifact): Promise<Fitted> {
  const kind =
    artifact.task === 'recommender'
      ? await openRecommenderKind(artifact.kind)
      : await openKind(artifact.kind)
  return kind.load(artifact)
}
