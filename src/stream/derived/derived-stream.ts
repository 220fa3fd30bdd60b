/**
 * A derived stream: records of one topic become records of another. What is computed is an operator (`operator.ts`): a
 * window (`windows/`), or rows of a list (`unnest/`). How the results get into their topic is the same for all of them and
 * stands here.
 *
 * A step, in order: 1 planned: how far the source was read, and what is given out, is durable in the compacted topic
 * `__millrace-streams` · 2 dead letters and results written, those that are not there yet · 3 the step recorded as done ·
 * 4 group offsets committed · 5 retention told. There is one answer to a failure and to a crash: go through all of it again.
 *
 * Guarantees: **X1** every result is in its topic once, whatever ended the process; its id (`ce_id`) is made of what it
 * stands for. **X2** the results are those of a run without a crash. **X3** state is rebuilt from the log: nothing else is
 * read at a start. **X4** what a record did not lead to is counted, by reason, once.
 */

/** Why a record is in no result. `late`: its window was closed. `ahead`: too far in the future. `invalid`: no row, or no time. */
export type DropReason = 'late' | 'ahead' | 'invalid'
export type DropCounts = Readonly<Record<DropReason, number>>

export interface StreamProgress {
  readonly name: string
  readonly from: string
  readonly to: string
  /** Steps that gave something out. */
  readonly steps: number
  readonly results: number
  readonly dropped: DropCounts
  /** Records of the source that are durable and not read. */
  readonly lagRecords: number
  /** Windows: event time up to which everything is taken to have come, ISO 8601. */
  readonly watermark?: string
  /** Windows: end of the newest closed one, ISO 8601. */
  readonly closedUntil?: string
  readonly openWindows?: number
  /** Why the stream cannot go on; it tries again by itself. */
  readonly failure?: string
}

export interface DerivedStream {
  readonly name: string
  progress(): Promise<StreamProgress>
  /** Resolves when everything that was durable at the call is read, and every step that it led to is done. */
  settle(): Promise<void>
  /** Ends after the running step. What is open is read again at the next start. */
  close(): Promise<void>
}

/** Seams at which a test ends the process. */
export const STEP_SEAMS = [
  'due',
  'planned',
  'letters-written',
  'results-written',
  'done',
  'committed',
] as const
export type StepSeam = (typeof STEP_SEAMS)[number]
