/** What changes the registry. Changes of one model run one after the other. */
import { coreError, isMillraceError, newId, quote, type Metrics } from '../core/index.ts'
import { encodeArtifact, type EncodedArtifact } from '../models/index.ts'
import { promote, rollback } from './champion-changes.ts'
import { checkAlias, checkDraft } from './draft-check.ts'
import { append, change, type WriterParts } from './entry-writer.ts'
import { registryError } from './errors.ts'
import { createModelQueues } from './model-queues.ts'
import { encodeEntry, type RegistryEntry } from './registry-records.ts'
import { CHAMPION } from './registry-state.ts'
import type { ModelVersion, Registry, VersionDraft } from './registry.ts'

export type RegistryWriter = Pick<
  Registry,
  'register' | 'restore' | 'promote' | 'rollback' | 'setAlias' | 'removeAlias'
> & { readonly close: () => Promise<void> }

export function createRegistryWriter(parts: WriterParts): RegistryWriter {
  const { state, store, publisher } = parts
  const { serially, close } = createModelQueues()
  const ownerOnly = (what: string): void => {
    if (publisher) return
    throw registryError(
      'REGISTRY_READ_ONLY',
      `${what} is for the process that trains: this one follows the registry; ask the instance that owns the data folder`,
    )
  }
  return {
    async register(draft, artifact, createdAtMs) {
      ownerOnly('storing a version')
      checkDraft(draft, artifact)
      const encoded = encodeArtifact(artifact)
      return serially(draft.model, () => register(parts, draft, encoded, createdAtMs))
    },
    async restore(model, version, artifact) {
      ownerOnly('putting an artifact back')
      const record = state.version(model, version)
      const encoded = encodeArtifact(artifact)
      if (encoded.digest !== record.digest) {
        throw registryError(
          'REGISTRY_DIGEST_MISMATCH',
          `the artifact for ${model}@${version} has digest ${encoded.digest}, its record says ${record.digest}: train with the code version ${quote(record.lineage.codeVersion)} that made it`,
          { details: { model, version, digest: encoded.digest, recorded: record.digest } },
        )
      }
      await serially(model, () =>
        storing(record, async () => {
          const staged = await store.stage(model, newId(parts.clock.now()), encoded)
          await store.publish(model, staged, version)
          await store.sync(model)
        }),
      )
      if (state.champion(model) === version) parts.notify(model)
    },
    promote: (model, version, audit) =>
      serially(model, () => promote(parts, model, version, audit)),
    rollback: (model, audit) => serially(model, () => rollback(parts, model, audit)),
    async setAlias(model, alias, version, audit) {
      if (alias === CHAMPION) {
        await serially(model, () => promote(parts, model, version, audit))
        return
      }
      checkAlias(alias)
      await serially(model, async () => {
        await store.read(state.version(model, version))
        await change(parts, { action: 'alias-set', model, version, alias, ...audit })
      })
    },
    removeAlias: (model, alias, audit) =>
      serially(model, async () => {
        if (alias === CHAMPION) {
          throw coreError(
            'CORE_INVALID_INPUT',
            `alias "champion" of "${model}" cannot be removed: promote another version, or roll back`,
            { details: { field: 'alias' } },
          )
        }
        checkAlias(alias)
        const { version } = state.version(model, alias)
        await change(parts, { action: 'alias-removed', model, version, alias, ...audit })
      }),
    close,
  }
}

async function register(
  parts: WriterParts,
  draft: VersionDraft,
  encoded: EncodedArtifact,
  createdAtMs: number,
): Promise<ModelVersion> {
  const { state, store, metrics, failpoint } = parts
  const { model } = draft
  const version: ModelVersion = {
    ...draft,
    version: state.versions(model).length + 1,
    createdAt: new Date(createdAtMs).toISOString(),
    digest: encoded.digest,
    bytes: [...encoded.files.values()].reduce((sum, { length }) => sum + length, 0),
  }
  const entry: RegistryEntry = { type: 'version', version }
  encodeEntry(entry, createdAtMs) // a draft without a JSON form must fail before anything is stored
  await storing(version, async () => {
    const staged = await store.stage(model, newId(parts.clock.now()), encoded)
    await failpoint('artifact-staged')
    await store.publish(model, staged, version.version)
    await failpoint('artifact-renamed')
    await store.sync(model)
    await failpoint('artifact-synced')
  })
  await append(parts, entry)
  await failpoint('version-recorded')
  metrics.record('model_versions_total', { model, outcome: draft.status }, 1)
  recordFigures(metrics, version)
  return state.version(model, version.version)
}

/** A full or failing disk is told as such; what lies around is removed by the next attempt or start. */
async function storing(version: ModelVersion, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined || isMillraceError(cause)) throw cause
    const remedy = code === 'ENOSPC' || code === 'EDQUOT' ? 'free some space' : 'check the disk'
    throw registryError(
      'REGISTRY_STORAGE_FAILED',
      `the artifact of ${version.model}@${version.version} (${version.bytes} bytes) cannot be stored (${code}): ${remedy}, then train again`,
      { details: { model: version.model, code }, cause, retryAfterSeconds: 5 },
    )
  }
}

/** The figures that decided: on the gate rows where there are some, else of the first report. */
function recordFigures(metrics: Metrics, { model, version, reports }: ModelVersion): void {
  const report = reports.find(({ split }) => split === 'gate') ?? reports[0]
  for (const [metric, value] of Object.entries(report?.metrics ?? {})) {
    metrics.record('model_metric', { model, version, metric }, value)
  }
}
