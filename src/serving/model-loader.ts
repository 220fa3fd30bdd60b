/** One version in memory: verified, taken apart by its kind, and tried once before it may answer. */
import type { FeatureStore } from '../features/index.ts'
import { openKind, type ModelKind, type RowTaskName } from '../models/index.ts'
import type { ModelInputs, ModelVersion, Registry } from '../registry/index.ts'
import { predictRows } from './answer.ts'
import type { LoadedModel } from './loaded-model.ts'
import { planInputs } from './row-reader.ts'
import { checkTask, unusable } from './unusable-version.ts'

/** Throws REGISTRY_CORRUPT, REGISTRY_ARTIFACT_MISSING, SERVING_UNUSABLE_VERSION. */
export async function loadModel(
  registry: Registry,
  store: FeatureStore,
  record: ModelVersion,
  task: RowTaskName,
  nowMs: number,
): Promise<LoadedModel> {
  const what = `${record.model}@${record.version}`
  checkTask(record, task)
  const kind = await openKind(record.kind)
  const plan = planInputs(what, usedInputs(record.inputs, kind.uses), store)
  const artifact = await registry.readArtifact(record.model, record.version)
  try {
    const fitted = kind.load(artifact)
    const model: LoadedModel = {
      record,
      fitted,
      plan,
      range: rangeOf(record),
      profiles: fitted.task === 'clusterer' ? fitted.profiles() : [],
      loadedAt: new Date(nowMs).toISOString(),
    }
    tryOnce(model)
    return model
  } catch (cause) {
    throw unusable(record, cause)
  }
}

/** A kind that learns from names only needs no features in a row, nor the other way round. */
const usedInputs = (inputs: ModelInputs, uses: ModelKind['uses']): ModelInputs => ({
  views: uses.features ? inputs.views : [],
  columns: uses.features ? inputs.columns : [],
  categories: uses.categories ? inputs.categories : [],
})

/** A row without any value: a version whose inputs do not fit, or whose numbers are not finite, fails here. */
function tryOnce(model: LoadedModel): void {
  const { names, categories } = model.plan
  predictRows(model, {
    input: {
      matrix: { names, rows: 1, values: new Float64Array(names.length).fill(Number.NaN) },
      categories: Object.fromEntries(categories.map((name) => [name, [null]])),
    },
    unknownEntities: [[]],
  })
}

function rangeOf(record: ModelVersion): LoadedModel['range'] {
  const range = record.lineage.spec['range']
  if (!Array.isArray(range)) return undefined
  const [low, high] = range as unknown[]
  return typeof low === 'number' && typeof high === 'number' ? [low, high] : undefined
}
