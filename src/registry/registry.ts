/**
 * Named, versioned models. An artifact is written whole (files, digest, complete marker, folder synced) before a record
 * of its version goes to the log topic `__millrace-registry`; promotions are records of the compacted topic
 * `__millrace-promotions`, so every serving replica follows. The log is the truth: artifact folders that are lost can be
 * trained again from their lineage (`reproduce`).
 *
 * Guarantees: **R1** a version is visible only whole. **R2** version numbers ascend by one per model and are never
 * reused. **R3** an alias never points to a version without a complete artifact. **R4** every change of what serves is in
 * `history` with who, when and why. **R5** an artifact whose digest differs is refused with REGISTRY_CORRUPT.
 * **R6** a crash at any instruction leaves the state before or after.
 */
import type { OffsetRange } from '../core/index.ts'
import type { Artifact, TaskName } from '../models/index.ts'

export type VersionStatus = 'accepted' | 'rejected'

/** Metrics by name; for each the trivial baseline's value stands beside it. */
export interface MetricReport {
  /** `time` = last 20 % of each entity's rows; `random` = seeded random 80/20; `gate` = the rows set apart (design D19, D20); `train` for tasks without labels. */
  readonly split: 'time' | 'random' | 'gate' | 'gate-newest' | 'train'
  readonly rows: number
  readonly metrics: Readonly<Record<string, number>>
  readonly baseline: Readonly<Record<string, number>>
}

export interface GateResult {
  readonly passed: boolean
  /** One sentence a person understands, with the figures. */
  readonly reason: string
  readonly metric?: string
  readonly candidate?: number
  readonly champion?: number
  readonly baseline?: number
  readonly checks: readonly {
    readonly name: string
    readonly passed: boolean
    readonly detail: string
  }[]
}

/** Everything that went into a version: enough to train it again to the same digest. */
export interface Lineage {
  readonly table: string
  readonly batches: readonly [first: number, last: number]
  readonly ranges: readonly OffsetRange[]
  readonly files: readonly { readonly name: string; readonly sha256: string }[]
  readonly rows: number
  readonly seed: number
  readonly codeVersion: string
  /** The model's declaration as plain JSON (label, features, columns, kind, parameters). */
  readonly spec: Readonly<Record<string, unknown>>
  readonly trigger: string
  /** Largest event time in the set, as a number. */
  readonly dataAsOf: number
}

/** How serving builds a row of features for the model. */
export interface ModelInputs {
  /** Column that names the entity → view, in order. */
  readonly views: readonly {
    readonly view: string
    readonly entity: string
    readonly features: readonly string[]
  }[]
  readonly columns: readonly string[]
  readonly categories: readonly string[]
}

export interface VersionDraft {
  readonly model: string
  readonly task: TaskName
  readonly kind: string
  readonly params: Readonly<Record<string, unknown>>
  readonly status: VersionStatus
  readonly inputs: ModelInputs
  /** Which set of the training scheme: "cumulative 2 of 3", automatic ones count up. */
  readonly set: { readonly scheme: string; readonly part: number; readonly of?: number }
  readonly reports: readonly MetricReport[]
  readonly gate: GateResult
  readonly lineage: Lineage
  readonly parent?: number
  readonly durationMs: number
}

export interface ModelVersion extends VersionDraft {
  readonly version: number
  readonly createdAt: string
  /** SHA-256 over the artifact's files. */
  readonly digest: string
  readonly bytes: number
}

export interface HistoryEntry {
  readonly model: string
  readonly at: string
  readonly action:
    | 'registered'
    | 'rejected'
    | 'promoted'
    | 'rolled-back'
    | 'alias-set'
    | 'alias-removed'
  readonly version: number
  readonly previous?: number
  readonly alias?: string
  readonly by: string
  readonly reason: string
}

export interface ModelSummary {
  readonly name: string
  readonly task: TaskName
  readonly versions: number
  readonly champion?: number
  readonly aliases: Readonly<Record<string, number>>
}

export interface Registry {
  models(): readonly ModelSummary[]
  versions(model: string): readonly ModelVersion[]
  /** By number or alias. Throws REGISTRY_UNKNOWN_MODEL, REGISTRY_UNKNOWN_VERSION. */
  version(model: string, ref: number | string): ModelVersion
  /** Stores the artifact and gives it the next number. An accepted version is not served until it is promoted. */
  register(draft: VersionDraft, artifact: Artifact, createdAtMs: number): Promise<ModelVersion>
  /** Reads and verifies. Throws REGISTRY_CORRUPT. */
  readArtifact(model: string, version: number): Promise<Artifact>
  /** Puts a lost artifact back (trained again from its lineage). Throws REGISTRY_DIGEST_MISMATCH when it differs. */
  restore(model: string, version: number, artifact: Artifact): Promise<void>
  /** Versions whose artifact folder is missing. */
  missing(): readonly ModelVersion[]
  promote(
    model: string,
    version: number,
    audit: { by: string; reason: string },
  ): Promise<HistoryEntry>
  /** Back to the champion before this one. Throws REGISTRY_NOTHING_TO_ROLL_BACK. */
  rollback(model: string, audit: { by: string; reason: string }): Promise<HistoryEntry>
  setAlias(
    model: string,
    alias: string,
    version: number,
    audit: { by: string; reason: string },
  ): Promise<void>
  removeAlias(model: string, alias: string, audit: { by: string; reason: string }): Promise<void>
  history(model: string): readonly HistoryEntry[]
  /** The version that served at a moment, from the audit. */
  servedAt(model: string, atMs: number): number | undefined
  /** Called after every change of a champion, also of another process. */
  onChange(listener: (model: string) => void): () => void
  close(): Promise<void>
}
