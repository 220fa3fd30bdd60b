/** What the parent hands to the training child, and what comes back: plain JSON over the process channel. */
import type { ErrorSpec, OffsetRange } from '../core/index.ts'
import type { FeatureTable, FeatureViewSpec } from '../features/index.ts'
import type {
  GateResult,
  MetricReport,
  Refreshed,
  VersionImportance,
  VersionSearch,
} from '../registry/index.ts'
import type { ModelSpec } from './model-spec.ts'

export interface TrainingPlan {
  readonly spec: ModelSpec
  readonly table: FeatureTable
  readonly views: readonly FeatureViewSpec[]
  /** Absolute paths; may hold rows after the set, which `history` leaves out. */
  readonly files: readonly string[]
  /** Everything up to the end of the set: what features may see. */
  readonly history: readonly OffsetRange[]
  /** The rows of the set. */
  readonly rows: readonly OffsetRange[]
  /** The part of `rows` that the champion's training had not seen; the newest batch when there is no champion. */
  readonly fresh: readonly OffsetRange[]
  /** Rows whose gate rows are the reference, once all of them are there, and the best figure of a version on them. */
  readonly reference?: {
    readonly ranges: readonly OffsetRange[]
    readonly best?: { readonly version: number; readonly value: number }
  }
  /** Folder of the champion's artifact, for the gate, stable cluster ids and stable codes of levels. */
  readonly champion?: { readonly version: number; readonly folder: string }
  /** Go on from the champion: only what changed is learned again. Recommenders only. */
  readonly refresh?: boolean
  /** Where the child writes the artifact's files. */
  readonly outDir: string
  /** False when a lost artifact is trained again: only the final fit matters. */
  readonly evaluate: boolean
  readonly memoryBytes: number
}

export interface TrainingOutcome {
  /** Labelled rows of the set (entities for a clusterer), gate rows included. */
  readonly rowCount: number
  readonly dataAsOf: number
  readonly reports: readonly MetricReport[]
  /** Sentences: what in the reports should make one doubt. */
  readonly warnings?: readonly string[]
  readonly importance?: VersionImportance
  readonly gate: GateResult
  /** What was learned again, where the version goes on from the champion. */
  readonly refreshed?: Refreshed
  /** What a search tried and chose. */
  readonly search?: VersionSearch
}

export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly done: number }
  | { readonly type: 'estimate'; readonly memoryBytes: number }
  | { readonly type: 'done'; readonly outcome: TrainingOutcome }
  | {
      readonly type: 'failed'
      readonly message: string
      /** Of an error of ours: what its room says of it. Absent: something unforeseen. */
      readonly error?: ErrorSpec & {
        readonly code: string
        readonly details: Readonly<Record<string, unknown>>
      }
    }
