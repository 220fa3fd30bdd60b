/**
 * Jobs one after the other: two cores, and two trainings at once would only fight. A model has at most one job that is
 * running and one by rule that waits; a newer one by rule takes the waiting one's place.
 */
import { newId, type Clock } from '../core/index.ts'
import { trainingError } from './errors.ts'
import type { AskedSearch, TrainingJob } from './model-spec.ts'
import type { SelectedSet } from './sets.ts'

export interface QueuedWork {
  readonly model: string
  readonly trigger: string
  readonly by: string
  readonly set: SelectedSet
  /** Of this training alone. */
  readonly search?: AskedSearch
  /** Absent: a full training. */
  readonly mode?: 'refresh'
}

type Change = Partial<Omit<TrainingJob, 'id' | 'model' | 'trigger'>>

/** Does one job; returns what the job's last state is. */
export type Worker = (
  work: QueuedWork,
  signal: AbortSignal,
  change: (facts: Change) => void,
) => Promise<Change>

/** Ended jobs that are remembered for `jobs()`. */
const KEPT_JOBS = 500

export interface JobQueue {
  add(work: QueuedWork): TrainingJob
  jobs(): readonly TrainingJob[]
  job(id: string): TrainingJob
  cancel(id: string): Promise<void>
  wait(id: string): Promise<TrainingJob>
  onJob(listener: (job: TrainingJob) => void): () => void
  close(): Promise<void>
}

interface Entry {
  job: TrainingJob
  work: QueuedWork
  readonly abort: AbortController
  readonly ended: Promise<TrainingJob>
  readonly end: (job: TrainingJob) => void
}

const ENDED: ReadonlySet<TrainingJob['state']> = new Set([
  'succeeded',
  'rejected',
  'failed',
  'cancelled',
])

/** @param ready no job runs before it has resolved */
export function createJobQueue(
  worker: Worker,
  clock: Clock,
  ready: Promise<void> = Promise.resolve(),
): JobQueue {
  const entries = new Map<string, Entry>()
  const waiting: Entry[] = []
  const listeners = new Set<(job: TrainingJob) => void>()
  let running: Promise<void> | undefined
  let closed = false

  const now = (): string => new Date(clock.now()).toISOString()

  function change(entry: Entry, facts: Change): void {
    entry.job = { ...entry.job, ...facts }
    for (const listener of listeners) listener(entry.job)
    if (ENDED.has(entry.job.state)) entry.end(entry.job)
  }

  function add(work: QueuedWork): TrainingJob {
    const entry = createEntry(work, clock)
    entries.set(entry.job.id, entry)
    if (!replaceWaiting(entry)) waiting.push(entry)
    forgetOldest(entries)
    change(entry, {})
    running ??= drain()
    return entry.job
  }

  /**
   * A set by rule that has not begun is older than the new one: it would only train a subset of it. The new one takes its
   * place in the row, not the end: models whose trainings are quick would else keep a slow one waiting for ever. A refresh
   * that takes the place of a full training is one.
   */
  function replaceWaiting(entry: Entry): boolean {
    const { model } = entry.work
    const isByRule = ({ set, search }: QueuedWork): boolean =>
      set.of === undefined && search === undefined
    if (!isByRule(entry.work)) return false
    const index = waiting.findIndex(({ work }) => work.model === model && isByRule(work))
    const [replaced] = index === -1 ? [] : waiting.splice(index, 1, entry)
    if (replaced === undefined) return false
    if (replaced.work.mode === undefined) makeFull(entry)
    change(replaced, { state: 'cancelled', endedAt: now() })
    return true
  }

  async function drain(): Promise<void> {
    await ready
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      if (closed) change(entry, { state: 'cancelled', endedAt: now() })
      else await runOne(entry)
    }
    running = undefined
  }

  async function runOne(entry: Entry): Promise<void> {
    change(entry, { state: 'running', startedAt: now() })
    try {
      const facts = await worker(entry.work, entry.abort.signal, (some) => change(entry, some))
      change(entry, { ...facts, progress: 1, endedAt: now() })
    } catch (error) {
      change(entry, {
        state: entry.abort.signal.aborted ? 'cancelled' : 'failed',
        error: problemOf(error),
        endedAt: now(),
      })
    }
  }

  function find(id: string): Entry {
    const entry = entries.get(id)
    if (entry) return entry
    throw trainingError(
      'TRAINING_UNKNOWN_JOB',
      `there is no job ${JSON.stringify(id)}: list them with GET /v1/jobs`,
    )
  }

  async function cancel(id: string): Promise<void> {
    const entry = find(id)
    if (ENDED.has(entry.job.state)) return
    entry.abort.abort()
    const index = waiting.indexOf(entry)
    if (index !== -1) {
      waiting.splice(index, 1)
      change(entry, { state: 'cancelled', endedAt: now() })
    }
    await entry.ended
  }

  return {
    add,
    jobs: () => [...entries.values()].map((entry) => entry.job),
    job: (id) => find(id).job,
    cancel,
    wait: (id) => find(id).ended,
    onJob(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      closed = true
      for (const entry of entries.values()) await cancel(entry.job.id)
      await running
    },
  }
}

function createEntry(work: QueuedWork, clock: Clock): Entry {
  let end: (job: TrainingJob) => void = () => {}
  const ended = new Promise<TrainingJob>((resolve) => {
    end = resolve
  })
  const { model, trigger, set, mode } = work
  const queuedAt = new Date(clock.now()).toISOString()
  const id = newId(clock.now())
  const job: TrainingJob = {
    id,
    model,
    trigger,
    ...(mode && { mode }),
    state: 'queued',
    progress: 0,
    set,
    queuedAt,
  }
  return { job, work, abort: new AbortController(), ended, end }
}

function makeFull(entry: Entry): void {
  const { mode: _mode, ...job } = entry.job
  const { mode: _same, ...work } = entry.work
  entry.job = job
  entry.work = work
}

function forgetOldest(entries: Map<string, Entry>): void {
  for (const [id, entry] of entries) {
    if (entries.size <= KEPT_JOBS) return
    if (ENDED.has(entry.job.state)) entries.delete(id)
  }
}

function problemOf(error: unknown): { code: string; message: string } {
  const code = (error as { code?: unknown }).code
  return {
    code: typeof code === 'string' ? code : 'TRAINING_CRASHED',
    message: error instanceof Error ? error.message : String(error),
  }
}
