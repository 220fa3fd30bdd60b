/** The trainer: rules and requests in, jobs in a queue, versions in the registry, promotions by the gate. */
import {
  formatDuration,
  quote,
  type Clock,
  type Limits,
  type Logger,
  type Metrics,
} from '../core/index.ts'
import type { ModelVersion, Registry } from '../registry/index.ts'
import type { Batch } from '../stream/index.ts'
import { trainingError } from './errors.ts'
import { createJobQueue, type Worker } from './job-queue.ts'
import type {
  ModelSpec,
  Trainer,
  TrainingJob,
  TrainingReadiness,
  TrainRequest,
} from './model-spec.ts'
import { checkRefresh } from './refresh.ts'
import { restoreLost } from './restore-lost.ts'
import {
  dueAfterBatch,
  dueByTimer,
  dueRefresh,
  neededSpan,
  refreshByTimer,
  spanOf,
  trainedSoFar,
  type DueTraining,
} from './retrain.ts'
import { newestSet, setsByParts, type SelectedSet } from './sets.ts'
import { reproduceVersion, trainVersion, type TrainTools } from './train-version.ts'
import type { TrainingSource } from './training-source.ts'

export interface TrainerOptions {
  readonly specs: readonly ModelSpec[]
  /** By table name. */
  readonly sources: ReadonlyMap<string, TrainingSource>
  readonly registry: Registry
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits: Limits
  /** Private folder for artifacts on their way to the registry. */
  readonly workDir: string
  /** Version of the product, for the lineage. */
  readonly codeVersion: string
}

export function openTrainer(options: TrainerOptions): Trainer {
  const { clock, logger, registry, sources } = options
  const specs = new Map(options.specs.map((spec) => [spec.name, spec]))
  const tools: TrainTools = options
  const worker: Worker = async (queued, signal, change) => {
    const declared = specOf(queued.model)
    const spec = queued.search
      ? { ...declared, search: { ...declared.search, ...queued.search } }
      : declared
    const work = { ...queued, set: settleSet(spec, queued.set) }
    change({ set: work.set })
    const version = await trainVersion(tools, sourceOf(spec), spec, work, { signal, change })
    return { state: version.gate.passed ? 'succeeded' : 'rejected', version: version.version }
  }
  const closing = new AbortController()
  const restored = restoreLost(
    tools,
    (model) => sources.get(specs.get(model)?.table ?? ''),
    closing.signal,
  )
  const queue = createJobQueue(worker, clock, restored)

  function specOf(model: string): ModelSpec {
    const spec = specs.get(model)
    if (spec) return spec
    const known = [...specs.keys()].join(', ') || 'none'
    throw trainingError(
      'TRAINING_UNKNOWN_MODEL',
      `the app declares no model ${quote(model)}: it has ${known}`,
      { details: { model } },
    )
  }

  function sourceOf(spec: ModelSpec): TrainingSource {
    const source = sources.get(spec.table)
    if (source) return source
    throw new TypeError(`model ${spec.name} has no training source for table ${spec.table}`)
  }

  /** The newest set by rule, given that the set ends with batch `last`. */
  function setUpTo(spec: ModelSpec, last: number): SelectedSet {
    const trained = trainedSoFar(versionsOf(registry, spec.name))
    const batches = sourceOf(spec).batches()
    return newestSet(spec.set, last, trained.last, trained.part + 1, batches)
  }

  /** A set by rule is counted from the training before it, which may have ended while this one waited. */
  function settleSet(spec: ModelSpec, set: SelectedSet): SelectedSet {
    return set.of === undefined ? setUpTo(spec, set.batches[1]) : set
  }

  function addDue(spec: ModelSpec, due: DueTraining | undefined): void {
    if (due === undefined) return
    const { trigger, last, mode } = due
    const set = setUpTo(spec, last)
    queue.add({ model: spec.name, trigger, by: 'rule', set, ...(mode && { mode }) })
  }

  /** Sets that wait or train count as trained: else each batch would queue the same set again. */
  function trainedOrQueued(spec: ModelSpec): { readonly last: number; readonly full: number } {
    const busy = queue
      .jobs()
      .filter(
        (job) => job.model === spec.name && job.set.of === undefined && job.state !== 'cancelled',
      )
    const lastOf = (jobs: readonly TrainingJob[], trained: number): number =>
      jobs.reduce((most, job) => Math.max(most, job.set.batches[1]), trained)
    const { last, full } = trainedSoFar(versionsOf(registry, spec.name))
    return {
      last: lastOf(busy, last),
      full: lastOf(
        busy.filter(({ mode }) => mode === undefined),
        full,
      ),
    }
  }

  function onBatch(table: string): void {
    for (const spec of specs.values()) {
      if (spec.table !== table) continue
      const batches = sourceOf(spec).batches()
      const trained = trainedOrQueued(spec)
      addDue(spec, dueAfterBatch(spec, batches, trained.full) ?? dueRefresh(spec, batches, trained))
    }
  }

  async function train(request: TrainRequest): Promise<readonly TrainingJob[]> {
    const spec = specOf(request.model)
    checkReady(spec, sourceOf(spec).batches())
    if (request.mode === 'refresh') await checkRefresh(registry, spec)
    const newest = sourceOf(spec).batches().at(-1)?.number ?? 0
    const scheme = request.scheme ?? (spec.set.scheme === 'disjoint' ? 'disjoint' : 'cumulative')
    const sets =
      request.parts === undefined && request.scheme === undefined
        ? [setUpTo(spec, newest)]
        : setsByParts(scheme, newest, request.parts ?? defaultParts(spec))
    return sets.map((set) =>
      queue.add({
        model: spec.name,
        trigger: request.trigger,
        by: request.by,
        set,
        ...(request.search && { search: request.search }),
        ...(request.mode && { mode: request.mode }),
      }),
    )
  }

  const stops = [
    ...[...sources].map(([table, source]) => source.onBatch(() => onBatch(table))),
    ...[...specs.values()].flatMap((spec) => timers(spec)),
  ]
  function timers(spec: ModelSpec): (() => void)[] {
    const { everyMs, refresh } = spec.retrain
    const due = (): DueTraining | undefined =>
      dueByTimer(sourceOf(spec).batches(), trainedOrQueued(spec).full, spec)
    const refreshDue = (): DueTraining | undefined =>
      refreshByTimer(sourceOf(spec).batches(), trainedOrQueued(spec), spec)
    return [...timer(spec, everyMs, due), ...timer(spec, refresh?.everyMs, refreshDue)]
  }
  function timer(
    spec: ModelSpec,
    everyMs: number | undefined,
    due: () => DueTraining | undefined,
  ): (() => void)[] {
    if (everyMs === undefined) return []
    let stop = (): void => {}
    const again = (): void => {
      stop = clock.after(everyMs, () => {
        addDue(spec, due())
        again()
      })
    }
    again()
    return [() => stop()]
  }
  for (const table of sources.keys()) onBatch(table)
  logger.debug({ models: [...specs.keys()] }, 'the trainer is ready')

  return {
    train,
    jobs: () => queue.jobs(),
    job: (id) => queue.job(id),
    cancel: (id) => queue.cancel(id),
    wait: (id) => queue.wait(id),
    onJob: (listener) => queue.onJob(listener),
    readiness: () => [...specs.values()].map((spec) => readinessOf(spec, sourceOf(spec).batches())),
    async reproduce(model, number) {
      const spec = specOf(model)
      const version = registry.version(model, number)
      return await reproduceVersion(tools, sourceOf(spec), version, closing.signal)
    },
    async close() {
      closing.abort(new Error('the trainer is closing'))
      for (const stop of stops) stop()
      await queue.close()
      await restored
    },
  }
}

function versionsOf(registry: Registry, model: string): readonly ModelVersion[] {
  const known = registry.models().some((summary) => summary.name === model)
  return known ? registry.versions(model) : []
}

const defaultParts = (spec: ModelSpec): number => ('parts' in spec.set ? spec.set.parts : 1)

const rowsOf = (batches: readonly Batch[]): number =>
  batches.reduce((sum, batch) => sum + batch.rows, 0)

function readinessOf(spec: ModelSpec, batches: readonly Batch[]): TrainingReadiness {
  const hasRows = rowsOf(batches)
  const needsRows = spec.minRows
  const rows = { model: spec.name, ready: hasRows >= needsRows, needsRows, hasRows }
  if (!spec.horizon) return rows
  const [needsMs, hasMs] = [neededSpan(spec), spanOf(batches)]
  return { ...rows, ready: rows.ready && hasMs >= needsMs, needsMs, hasMs }
}

function checkReady(spec: ModelSpec, batches: readonly Batch[]): void {
  const { ready, needsRows, hasRows, needsMs = 0, hasMs = 0 } = readinessOf(spec, batches)
  if (ready) return
  if (hasMs < needsMs) {
    throw trainingError(
      'TRAINING_NOT_READY',
      `${spec.name} looks ahead and needs events of ${formatDuration(needsMs)} in committed batches, there are ${formatDuration(hasMs)}: send more events`,
      { details: { needsMs, hasMs } },
    )
  }
  throw trainingError(
    'TRAINING_NOT_READY',
    `${spec.name} needs ${needsRows} rows in committed batches, there are ${hasRows}: send more events, or close the open batch with POST /v1/flush`,
    { details: { needs: needsRows, has: hasRows } },
  )
}
