/** What a stream finds at its start: its last step, and the records from which the open state is built again (X3). */
import type { Logger } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import { streamError } from '../errors.ts'
import type { Operator } from './operator.ts'
import { holdFrom, type StepJob } from './step-writer.ts'
import type { Step, StepLog } from './step-log.ts'

export interface RestoredStream<Due> {
  /** The last step, or the beginning of everything. */
  readonly step: Step
  /** Planned, and not done when the process ended. */
  readonly job: StepJob<Due> | undefined
  /** Per partition, the first offset to read. */
  readonly positions: Map<number, number>
}

export interface RestoreOptions<Due> {
  readonly log: Log
  readonly name: string
  readonly from: string
  readonly to: string
  readonly operator: Operator<Due>
  readonly steps: StepLog
  readonly logger: Logger
}

/** Throws STREAM_LOG_BEHIND, STREAM_STEP_INVALID. */
export async function restoreStream<Due>(
  options: RestoreOptions<Due>,
): Promise<RestoredStream<Due>> {
  const { log, name, from, operator, steps } = options
  const { partitions } = await log.topic(from)
  const known = await steps.last(name)
  // A stream of that name that read another topic has nothing to say of this one.
  const step = known?.topic === from ? known : undefined
  const positions = new Map(partitions.map(({ partition, earliest }) => [partition, earliest]))
  const begin = step ?? firstStep(options, positions)
  operator.restore(begin.base)
  holdFrom(log, begin)
  if (!step) return { step: begin, job: undefined, positions }
  for (const { partition, offset } of step.cuts) {
    const end = partitions.find((info) => info.partition === partition)?.end ?? 0
    if (offset > end) throw behind(options, partition, offset, end)
    await readAgain(options, step, partition, offset)
    positions.set(partition, offset)
  }
  const isPlanned = step.state === 'planned'
  const job = isPlanned ? { step, due: dueOf(options, step), isPlanned } : undefined
  return { step, job, positions }
}

function firstStep(
  { name, from, to }: { name: string; from: string; to: string },
  positions: ReadonlyMap<number, number>,
): Step {
  const at = [...positions].map(([partition, offset]) => ({ partition, offset }))
  return {
    stream: name,
    topic: from,
    to,
    state: 'done',
    steps: 0,
    results: 0,
    base: { origins: at.map((one) => ({ ...one, carry: null })), closedUntil: null },
    cuts: at,
    due: null,
    dropped: { late: 0, ahead: 0, invalid: 0 },
    lettersFrom: 0,
    resultsFrom: 0,
  }
}

/** Folds what was read before the last step; what is to count of it is in the step's counts. */
async function readAgain<Due>(
  { log, name, from, operator, logger }: RestoreOptions<Due>,
  step: Step,
  partition: number,
  to: number,
): Promise<void> {
  const origin = step.base.origins.find((one) => one.partition === partition)
  const { partitions } = await log.topic(from)
  const earliest = partitions.find((info) => info.partition === partition)?.earliest ?? 0
  const first = Math.max(origin?.offset ?? to, earliest)
  if (origin && earliest > origin.offset) {
    logger.warn(
      { stream: name, topic: from, partition, from: origin.offset, earliest },
      'records of open windows are gone from the log by retention: they are not counted',
    )
  }
  if (first >= to) return
  for await (const { records } of log.read(from, partition, first, { to })) operator.fold(records)
}

function dueOf<Due>({ name, operator }: RestoreOptions<Due>, step: Step): Due {
  const due = operator.due.safeParse(step.due)
  if (due.success) return due.data
  throw streamError(
    'STREAM_STEP_INVALID',
    `the last step of stream "${name}" is not one of its kind: give the changed stream another name`,
    { cause: due.error, details: { stream: name } },
  )
}

const behind = (
  { name, from }: { name: string; from: string },
  partition: number,
  position: number,
  end: number,
): Error =>
  streamError(
    'STREAM_LOG_BEHIND',
    `stream "${name}" has read partition ${partition} of topic "${from}" up to offset ${position}, but the log ends at ${end}: ` +
      'restore the log that belongs to it, or remove the data folder and start anew',
    { details: { stream: name, partition, position, end } },
  )
