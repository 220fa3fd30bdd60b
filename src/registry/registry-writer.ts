/**
 * What changes the registry. Changes of one model run one after the other; each becomes an entry of the log and takes
 * effect when it comes back (`entry-follower.ts`).
 */
import { coreError, newId, quote, type Clock, type Logger, type Metrics } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import { encodeArtifact, type EncodedArtifact } from '../models/index.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { checkAlias, checkDraft } from './draft-check.ts'
import type { EntryFollower } from './entry-follower.ts'
import { registryError } from './errors.ts'
import { createModelQueues } from './model-queues.ts'
import type { PromotionPublisher } from './promotion-publisher.ts'
import {
  encodeEntry,
  REGISTRY_TOPIC,
  type ChangeEntry,
  type RegistryEntry,
} from './registry-records.ts'
import { CHAMPION, type RegistryState } from './registry-state.ts'
import type { Audit, HistoryEntry, ModelVersion, Registry, VersionDraft } from './registry.ts'

/** The durable steps of a registration, then those of a promotion, each named for what has just become durable. */
export const REGISTRY_STEPS = [
  'artifact-staged',
  'artifact-renamed',
  'artifact-synced',
  'version-recorded',
  'change-recorded',
  'promotion-published',
] as const
export type RegistryStep = (typeof REGISTRY_STEPS)[number]

export interface WriterParts {
  readonly log: Log
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly state: RegistryState
  readonly store: ArtifactStore
  readonly follower: EntryFollower
  /** Absent in a process that only follows. */
  readonly publisher: PromotionPublisher | undefined
  readonly notify: (model: string) => void
  readonly failpoint: (step: RegistryStep) => void | Promise<void>
}

export type RegistryWriter = Pick<
  Registry,
  'register' | 'restore' | 'promote' | 'rollback' | 'setAlias' | 'removeAlias'
> & { readonly settled: () => Promise<void> }

export function createRegistryWriter(parts: WriterParts): RegistryWriter {
  const { state, store, publisher } = parts
  const { serially, settled } = createModelQueues()
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
      await serially(model, async () => {
        const staged = await store.stage(model, newId(parts.clock.now()), encoded)
        await store.publish(model, staged, version)
        await store.sync(model)
      })
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
    settled,
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
  const staged = await store.stage(model, newId(parts.clock.now()), encoded)
  try {
    await failpoint('artifact-staged')
    await store.publish(model, staged, version.version)
  } catch (error) {
    await store.discard(staged).catch(() => {})
    throw error
  }
  await failpoint('artifact-renamed')
  await store.sync(model)
  await failpoint('artifact-synced')
  await append(parts, entry)
  await failpoint('version-recorded')
  metrics.record('model_versions_total', { model, outcome: draft.status }, 1)
  recordFigures(metrics, version)
  return state.version(model, version.version)
}

async function promote(
  parts: WriterParts,
  model: string,
  version: number,
  audit: Audit,
): Promise<HistoryEntry> {
  const { state, store } = parts
  const record = state.version(model, version)
  if (record.status === 'rejected') {
    throw registryError(
      'REGISTRY_REJECTED_VERSION',
      `${model}@${record.version} was rejected by its gate (${record.gate.reason}): promote an accepted version`,
      { details: { model, version: record.version, gate: record.gate } },
    )
  }
  if (state.champion(model) === record.version) {
    const entry = state.history(model).findLast(movesChampion)
    if (entry) return entry
  }
  await store.read(record)
  return change(parts, {
    action: 'promoted',
    model,
    version: record.version,
    alias: CHAMPION,
    ...audit,
  })
}

async function rollback(parts: WriterParts, model: string, audit: Audit): Promise<HistoryEntry> {
  const { state, store } = parts
  state.version(model, CHAMPION)
  const current = state.champion(model)
  const skipped: string[] = []
  for (const version of state.earlierChampions(model)) {
    if (version === current) continue
    try {
      await store.read(state.version(model, version))
    } catch (error) {
      skipped.push(`${version}: ${(error as Error).message}`)
      continue
    }
    const passed = skipped.length === 0 ? '' : ` (passed over damaged ${skipped.join('; ')})`
    return change(parts, {
      action: 'rolled-back',
      model,
      version,
      alias: CHAMPION,
      previous: current,
      by: audit.by,
      reason: audit.reason + passed,
    })
  }
  throw registryError(
    'REGISTRY_NOTHING_TO_ROLL_BACK',
    skipped.length === 0
      ? `${model}@${current} is the first champion of "${model}": promote another version instead`
      : `no champion of "${model}" before version ${current} can be loaded (${skipped.join('; ')}): promote another version instead`,
    { details: { model, champion: current } },
  )
}

const movesChampion = ({ action }: HistoryEntry): boolean =>
  action === 'promoted' || action === 'rolled-back'

async function change(
  parts: WriterParts,
  draft: Omit<ChangeEntry, 'type' | 'at'>,
): Promise<HistoryEntry> {
  const at = new Date(parts.clock.now()).toISOString()
  const entry = await append(parts, { type: 'change', at, ...draft })
  await parts.failpoint('change-recorded')
  await parts.publisher?.settled()
  await parts.failpoint('promotion-published')
  return entry
}

/** Resolves when the entry is durable and applied. Throws REGISTRY_CONFLICT when one before it made it void. */
async function append(parts: WriterParts, entry: RegistryEntry): Promise<HistoryEntry> {
  const records = encodeEntry(entry, parts.clock.now())
  const appended = await parts.log.append(REGISTRY_TOPIC, records)
  const last = appended.at(-1)
  if (!last) throw new TypeError('the log appended nothing')
  const applied = await parts.follower.applied(last.offset)
  if ('entry' in applied) return applied.entry
  throw registryError(
    'REGISTRY_CONFLICT',
    `the change came too late: ${applied.ignored}; look at the history and repeat it`,
    { details: { reason: applied.ignored } },
  )
}

/** The figures that decided: on the gate rows where there are some, else of the first report. */
function recordFigures(metrics: Metrics, { model, version, reports }: ModelVersion): void {
  const report = reports.find(({ split }) => split === 'gate') ?? reports[0]
  for (const [metric, value] of Object.entries(report?.metrics ?? {})) {
    metrics.record('model_metric', { model, version, metric }, value)
  }
}
