/** What the server's thread and the one that converts say to each other. Each batch has an id; its messages keep their order. */
import type { Rejection, Staged, StagingSpec } from './batch-stager.ts'
import type { RecordFrame } from './record-frame.ts'

export type ToThread =
  | { readonly id: number; readonly open: StagingSpec }
  | { readonly id: number; readonly frame: RecordFrame }
  | { readonly id: number; readonly ask: 'finish' | 'discard' }

/** One answer to each frame, in order, one to `finish`; after a failure none. */
export type FromThread =
  | { readonly id: number; readonly rejected: readonly Rejection[] }
  | { readonly id: number; readonly staged: Staged }
  | { readonly id: number; readonly failure: ThreadFailure }

export interface ThreadFailure {
  readonly message: string
  /** Of the system: ENOSPC, … */
  readonly code: string | undefined
}
