/** From a name, parameters or an artifact to something that can be used. */
import { issuesOf, quote } from '../core/index.ts'
import { modelCatalog } from './catalog.ts'
import { modelError } from './errors.ts'
import type { Artifact, Fitted, ModelKind } from './model.ts'

const catalog: Readonly<Record<string, () => Promise<ModelKind>>> = modelCatalog

/** The kind of this name. Throws MODEL_UNKNOWN_KIND. */
export async function openKind(name: string): Promise<ModelKind> {
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
  kind: Pick<ModelKind<never, Params>, 'name' | 'params'>,
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
  const kind = await openKind(artifact.kind)
  return kind.load(artifact)
}
