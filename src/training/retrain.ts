/**
 * When a model trains by itself. The state is derived from the registry (the last batch that any version was trained on)
 * and from the batches, so nothing is lost or repeated by a restart.
 */
import type { ModelVersion } from '../registry/index.ts'
import type { Batch } from '../stream/index.ts'
import type { ModelSpec } from './model-spec.ts'

export interface DueTraining {
  readonly trigger: 'batches' | 'rows' | 'timer'
  readonly mode?: 'refresh'
  /** The set ends with this batch. */
  readonly last: number
}

/** Last batch of the newest training by rule, of the newest full one, and how many there were. */
export function trainedSoFar(versions: readonly ModelVersion[]): {
  last: number
  full: number
  part: number
} {
  const byRule = versions.filter((version) => version.set.of === undefined)
  const lastOf = (some: readonly ModelVersion[]): number =>
    some.reduce((most, version) => Math.max(most, version.lineage.batches[1]), 0)
  return {
    last: lastOf(byRule),
    full: lastOf(byRule.filter(({ lineage }) => lineage.refreshed === undefined)),
    part: byRule.reduce((most, version) => Math.max(most, version.set.part), 0),
  }
}

/**
 * The training that is due after a batch, or nothing. With `batches: n` sets end at multiples of n, so the same stream
 * gives the same sets however fast it comes.
 */
export function dueAfterBatch(
  spec: ModelSpec,
  batches: readonly Batch[],
  trainedLast: number,
): DueTraining | undefined {
  const newest = batches.at(-1)?.number ?? 0
  const { batches: every, rows } = spec.retrain
  if (rowsUpTo(batches, newest) < spec.minRows || !isLongEnough(spec, batches)) return undefined
  if (every !== undefined) {
    const last = Math.floor(newest / every) * every
    if (last > trainedLast) return { trigger: 'batches', last }
  }
  if (rows !== undefined && rowsUpTo(batches, newest) - rowsUpTo(batches, trainedLast) >= rows) {
    return { trigger: 'rows', last: newest }
  }
  return undefined
}

export function dueByTimer(
  batches: readonly Batch[],
  trainedLast: number,
  spec: ModelSpec,
): DueTraining | undefined {
  const newest = batches.at(-1)?.number ?? 0
  if (newest <= trainedLast || rowsUpTo(batches, newest) < spec.minRows) return undefined
  if (!isLongEnough(spec, batches)) return undefined
  return { trigger: 'timer', last: newest }
}

/** The refresh that is due after a batch. Nothing before the first training: there is nothing to go on from. */
export function dueRefresh(
  spec: ModelSpec,
  batches: readonly Batch[],
  trained: { readonly last: number; readonly full: number },
): DueTraining | undefined {
  const { refresh } = spec.retrain
  if (refresh === undefined || trained.full === 0) return undefined
  const due = dueAfterBatch({ ...spec, retrain: refresh }, batches, trained.last)
  return due && { ...due, mode: 'refresh' }
}

export function refreshByTimer(
  batches: readonly Batch[],
  trained: { readonly last: number; readonly full: number },
  spec: ModelSpec,
): DueTraining | undefined {
  const due = trained.full === 0 ? undefined : dueByTimer(batches, trained.last, spec)
  return due && { ...due, mode: 'refresh' }
}

/** Event time that the batches span, milliseconds. */
export function spanOf(batches: readonly Batch[]): number {
  const first = Math.min(...batches.map(({ firstTime }) => Date.parse(firstTime)))
  const last = Math.max(...batches.map(({ lastTime }) => Date.parse(lastTime)))
  return batches.length === 0 ? 0 : last - first
}

/**
 * Long enough for a time split: a cut-off that tests, and one before it whose outcome was known by then, with its window. 0
 * for models that do not look ahead.
 */
export const neededSpan = ({ horizon }: ModelSpec): number =>
  horizon ? horizon.windowMs + 2 * horizon.predictMs + horizon.everyMs : 0

const isLongEnough = (spec: ModelSpec, batches: readonly Batch[]): boolean =>
  !spec.horizon || spanOf(batches) >= neededSpan(spec)

const rowsUpTo = (batches: readonly Batch[], last: number): number =>
  batches.reduce((sum, batch) => (batch.number <= last ? sum + batch.rows : sum), 0)
