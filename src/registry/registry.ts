/**
 * Named, versioned models. An artifact is written whole (files, digest, complete marker, folder synced) before the record
 * of its version goes to the log topic `__millrace-registry`. That topic holds versions and every change of an alias, in
 * one order, for ever: it is the truth and the audit. What an alias points to now is also published on the compacted topic
 * `__millrace-promotions`, for readers that want only that. Artifact folders that are lost can be trained again from their
 * lineage (`reproduce`).
 *
 * Guarantees, each held by a check of the same number in `registry.conformance.ts`: **R1** a version is visible only
 * whole. **R2** version numbers ascend by one per model and are never reused. **R3** an alias is never set to a version
 * without a complete artifact. **R4** every change of what serves is in `history` with who, when and why. **R5** an
 * artifact whose digest differs is refused with REGISTRY_CORRUPT, which names the file. **R6** a crash at any instruction
 * leaves the state before or after.
 */
import type { OffsetRange } from '../core/index.ts'
import type { Artifact, TaskName } from '../models/index.ts'

export type VersionStatus = 'accepted' | 'rejected'

/** Metrics by name; for each the trivial baseline's value stands beside it. */
/**
 * Which rows were scored. `time`: the last 20 % of each entity's rows; `random`: a seeded 20 %; `grouped`: a seeded 20 % of
 * the groups; `folds`: every row once, the mean over the parts; `gate`: the rows set apart (design D19, D20), and of them
 * those of the newest batches and of the first ones; `train`: for tasks without labels.
 */
export const splitNames = [
  'time',
  'random',
  'grouped',
  'folds',
  'gate',
  'gate-newest',
  'reference',
  'train',
] as const

export interface MetricReport {
  readonly split: (typeof splitNames)[number]
  readonly rows: number
  readonly metrics: Readonly<Record<string, number>>
  /** Low and high end of 95 % of what other rows of the same kind would give, by metric. */
  readonly intervals?: Readonly<Record<string, readonly [low: number, high: number]>>
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

/** What a version that goes on from another one learned again. */
export interface Refreshed {
  /** The version that it goes on from. */
  readonly from: number
  readonly users: number
  readonly items: number
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
  /** Absent: learned from the set alone. */
  readonly refreshed?: Refreshed
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

/** By name of feature or category: what the answers of a version rest on. */
export interface VersionImportance {
  readonly metric: string
  /** Gate rows that were asked. */
  readonly rows: number
  /** How much worse the metric gets when the values of this input are shuffled among the rows; about 0: nothing rests on it. */
  readonly permutation: Readonly<Record<string, number>>
  /** Share of the loss that splits by this input took away in training, for trees. */
  readonly gain?: Readonly<Record<string, number>>
}

/** How the parameters of a version were found. */
export interface VersionSearch {
  readonly method: 'grid' | 'random' | 'halving'
  /** What decided, on `rows` rows of the validation split: no test row and no gate row among them. */
  readonly metric: string
  readonly better: 'higher' | 'lower'
  readonly rows: number
  readonly seconds: number
  /** `time`: the time was up before everything was tried. */
  readonly ended: 'done' | 'time'
  /** Index of the trial whose parameters were chosen. */
  readonly chosen: number
  /** In the order in which they were tried; the first one was declared. */
  readonly trials: readonly {
    readonly params: Readonly<Record<string, unknown>>
    /** In the unit of the metric; absent when these parameters could not be fitted or scored. */
    readonly score?: number
    readonly seconds: number
    /** Part of the training rows that it learned from. */
    readonly share: number
    readonly failed?: string
  }[]
}

/** What a training hands over. */
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
  /** What in the reports should make one doubt; absent when nothing does. */
  readonly warnings?: readonly string[]
  /** Absent for clusterers and recommenders, and with fewer than 50 gate rows. */
  readonly importance?: VersionImportance
  /** Absent when the parameters were declared. */
  readonly search?: VersionSearch
  readonly gate: GateResult
  readonly lineage: Lineage
  readonly parent?: number
  readonly durationMs: number
}

export interface ModelVersion extends VersionDraft {
  readonly version: number
  readonly createdAt: string
  /** SHA-256 over the artifact's files: `cat model.json tensors.safetensors | sha256sum`. */
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

/** Who changes what serves, and why. Both are kept for ever. */
export interface Audit {
  readonly by: string
  readonly reason: string
}

export interface Registry {
  /** Models that have a version, by name. */
  models(): readonly ModelSummary[]
  /** Ascending; empty for a model without one. */
  versions(model: string): readonly ModelVersion[]
  /**
   * By number (`7` or `"7"`) or alias. Throws REGISTRY_UNKNOWN_MODEL (no version yet), REGISTRY_UNKNOWN_VERSION,
   * REGISTRY_UNKNOWN_ALIAS.
   */
  version(model: string, ref: number | string): ModelVersion
  /**
   * Stores the artifact and gives it the next number. An accepted version is not served until it is promoted. Every number
   * of the draft must be finite: leave out a metric that is not defined. Throws CORE_INVALID_INPUT, REGISTRY_READ_ONLY.
   */
  register(draft: VersionDraft, artifact: Artifact, createdAtMs: number): Promise<ModelVersion>
  /** Reads and verifies. Throws REGISTRY_CORRUPT, REGISTRY_ARTIFACT_MISSING. */
  readArtifact(model: string, version: number): Promise<Artifact>
  /** Puts a lost artifact back (trained again from its lineage). Throws REGISTRY_DIGEST_MISMATCH when it differs. */
  restore(model: string, version: number, artifact: Artifact): Promise<void>
  /** Versions whose artifact folder is missing. */
  missing(): readonly ModelVersion[]
  /**
   * Makes a version the champion, once its artifact is verified; the champion itself is left as it is. Throws
   * REGISTRY_UNKNOWN_VERSION, REGISTRY_REJECTED_VERSION, REGISTRY_CORRUPT, REGISTRY_ARTIFACT_MISSING.
   */
  promote(model: string, version: number, audit: Audit): Promise<HistoryEntry>
  /**
   * Back to the champion before this one; again, to the one before that. Champions whose artifact is damaged are passed
   * over, which the reason then says. Throws REGISTRY_NOTHING_TO_ROLL_BACK.
   */
  rollback(model: string, audit: Audit): Promise<HistoryEntry>
  /** `champion` is promoted instead. An alias is a name that is not a number. */
  setAlias(model: string, alias: string, version: number, audit: Audit): Promise<void>
  /** Throws REGISTRY_UNKNOWN_ALIAS; CORE_INVALID_INPUT for `champion`, which can only move. */
  removeAlias(model: string, alias: string, audit: Audit): Promise<void>
  /** In the order of the log; empty for a model without a version. */
  history(model: string): readonly HistoryEntry[]
  /** The version that served at a moment, from the audit. */
  servedAt(model: string, atMs: number): number | undefined
  /** Called after every change of a champion, also by another process, and when a champion's artifact is put back. */
  onChange(listener: (model: string) => void): () => void
  close(): Promise<void>
}
