/**
 * One version, from set to registry: plan, child process, registration, promotion. And the same again for an artifact
 * that was lost, from its lineage.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Limits, Logger, Metrics, OffsetRange } from '../core/index.ts'
import { decodeArtifact, encodeArtifact, type Artifact } from '../models/index.ts'
import type { Lineage, ModelVersion, Registry, VersionDraft } from '../registry/index.ts'
import { trainingError } from './errors.ts'
import { metricDirection } from './evaluation/catalog.ts'
import type { QueuedWork } from './job-queue.ts'
import type { ModelSpec, TrainingJob } from './model-spec.ts'
import type { TrainingOutcome, TrainingPlan } from './plan.ts'
import { mergeRanges } from './ranges.ts'
import { championOf, goesOnFrom } from './refresh.ts'
import { foundParams } from './search/search-version.ts'
import { runTrainingProcess } from './training-process.ts'
import type { TrainingSource } from './training-source.ts'

export interface TrainTools {
  readonly registry: Registry
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits: Limits
  readonly workDir: string
  readonly codeVersion: string
}

export interface JobControl {
  readonly signal: AbortSignal
  readonly change: (facts: Partial<Pick<TrainingJob, 'progress' | 'memoryBytes'>>) => void
}

export async function trainVersion(
  tools: TrainTools,
  source: TrainingSource,
  spec: ModelSpec,
  work: QueuedWork,
  control: JobControl,
): Promise<ModelVersion> {
  const { clock, metrics, registry } = tools
  const started = clock.monotonic()
  const champion = championOf(registry, spec.name)
  const [first, last] = work.set.batches
  try {
    return await inWorkFolder(tools, async (folder) => {
      const plan = await planOf(tools, source, spec, {
        folder,
        first,
        last,
        champion,
        evaluate: true,
        refresh: work.mode === 'refresh' && champion !== undefined && goesOnFrom(champion, spec),
      })
      const outcome = await execute(tools, plan, control)
      const trained = trainedSpec(spec, outcome, champion)
      const draft: VersionDraft = {
        ...draftOf(trained, work, outcome, champion, clock.monotonic() - started),
        lineage: lineageOf(tools, source, trained, work, plan, outcome),
      }
      const artifact = await readArtifactFiles(plan.outDir)
      const version = await registry.register(draft, artifact, clock.now())
      const seconds = (clock.monotonic() - started) / 1_000
      metrics.record(
        'model_train_duration_seconds',
        { model: spec.name, outcome: version.status },
        seconds,
      )
      await promoteIfPassed(tools, version)
      return version
    })
  } catch (error) {
    const seconds = (clock.monotonic() - started) / 1_000
    metrics.record('model_train_duration_seconds', { model: spec.name, outcome: 'failed' }, seconds)
    throw error
  }
}

/** Trains a version again from its lineage and puts the artifact back when it is missing. */
export async function reproduceVersion(
  tools: TrainTools,
  source: TrainingSource,
  version: ModelVersion,
  signal: AbortSignal,
): Promise<{ identical: boolean; digest: string }> {
  const spec = version.lineage.spec as unknown as ModelSpec
  const champion =
    version.parent === undefined ? undefined : tools.registry.version(version.model, version.parent)
  return await inWorkFolder(tools, async (folder) => {
    const [first, last] = version.lineage.batches
    const plan = await planOf(tools, source, spec, {
      folder,
      first,
      last,
      champion,
      evaluate: false,
      refresh: version.lineage.refreshed !== undefined,
    })
    await execute(tools, plan, { signal, change: () => {} })
    const artifact = await readArtifactFiles(plan.outDir)
    const { digest } = encodeArtifact(artifact)
    const identical = digest === version.digest
    const isMissing = tools.registry
      .missing()
      .some((one) => one.model === version.model && one.version === version.version)
    if (isMissing) await tools.registry.restore(version.model, version.version, artifact)
    return { identical, digest }
  })
}

function execute(
  tools: TrainTools,
  plan: TrainingPlan,
  control: JobControl,
): Promise<TrainingOutcome> {
  return runTrainingProcess(plan, {
    clock: tools.clock,
    timeoutMs: tools.limits.trainingTimeoutMs,
    signal: control.signal,
    onProgress: (progress) => control.change({ progress }),
    onEstimate: (memoryBytes) => control.change({ memoryBytes }),
  })
}

async function inWorkFolder<T>(tools: TrainTools, run: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(tools.workDir, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(tools.workDir, 'training-'))
  try {
    return await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface PlanFacts {
  readonly folder: string
  readonly first: number
  readonly last: number
  readonly champion: ModelVersion | undefined
  readonly evaluate: boolean
  readonly refresh: boolean
}

async function planOf(
  tools: TrainTools,
  source: TrainingSource,
  spec: ModelSpec,
  facts: PlanFacts,
): Promise<TrainingPlan> {
  const { first, last, champion } = facts
  const freshFrom = freshFirst(champion, spec, last)
  const snapshot = source.snapshot()
  await source.check(snapshot)
  const needed = new Set([
    ...spec.inputs.views.map((input) => input.view),
    ...(spec.entityView === undefined ? [] : [spec.entityView]),
  ])
  return {
    spec,
    table: source.table,
    views: source.views.filter((view) => needed.has(view.name)),
    files: snapshot.files.map((file) => snapshot.path(file)),
    history: rangesOf(source, 1, last),
    rows: rangesOf(source, first, last),
    fresh: rangesOf(source, freshFrom, last),
    ...referenceOf(tools.registry, source, spec, last),
    champion: champion && {
      version: champion.version,
      folder: await writeChampion(tools.registry, champion, join(facts.folder, 'champion')),
    },
    refresh: facts.refresh,
    outDir: join(facts.folder, 'artifact'),
    evaluate: facts.evaluate,
    memoryBytes: tools.limits.trainingMemoryBytes,
  }
}

/** Only once every batch of the reference is there: its rows are the same for all versions that it judges. */
function referenceOf(
  registry: Registry,
  source: TrainingSource,
  spec: ModelSpec,
  last: number,
): Pick<TrainingPlan, 'reference'> {
  const { metric, reference } = spec.gate
  if (reference === undefined || last < reference) return {}
  const kept = source.batches().filter(({ number }) => number <= reference)
  // What retention took from cannot be compared with what was measured before.
  if (kept.length < reference) return {}
  const known = registry.models().some(({ name }) => name === spec.name)
  const judged = (known ? registry.versions(spec.name) : []).flatMap((one) => {
    const before = (one.lineage.spec as { readonly gate?: ModelSpec['gate'] }).gate
    const value = one.reports.find(({ split }) => split === 'reference')?.metrics[metric]
    const isSame = before?.reference === reference && one.lineage.table === spec.table
    return one.status === 'accepted' && isSame && value !== undefined
      ? [{ version: one.version, value }]
      : []
  })
  const direction = metricDirection(metric)
  const [best] = judged.toSorted((a, b) => (b.value - a.value) * direction)
  return { reference: { ranges: rangesOf(source, 1, reference), ...(best && { best }) } }
}

/**
 * First batch that may not vote: the first that the champion's training had not seen; the newest when there is no
 * champion, or when the set holds nothing newer than the champion's.
 */
function freshFirst(champion: ModelVersion | undefined, spec: ModelSpec, last: number): number {
  const seen = champion?.lineage.table === spec.table ? champion.lineage.batches[1] : 0
  return seen === 0 || seen >= last ? last : seen + 1
}

/** A copy that was verified on reading, so that the child need not trust the disk. */
async function writeChampion(
  registry: Registry,
  champion: ModelVersion,
  folder: string,
): Promise<string> {
  const artifact = await registry.readArtifact(champion.model, champion.version)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [name, bytes] of encodeArtifact(artifact).files)
    await writeFile(join(folder, name), bytes)
  return folder
}

async function readArtifactFiles(folder: string): Promise<Artifact> {
  const files = new Map<string, Uint8Array>()
  for (const name of await readdir(folder, { withFileTypes: true })) {
    if (name.isFile()) files.set(name.name, await readFile(join(folder, name.name)))
  }
  return decodeArtifact(files)
}

function rangesOf(source: TrainingSource, first: number, last: number): OffsetRange[] {
  const batches = source.batches().filter((batch) => first <= batch.number && batch.number <= last)
  if (batches.length === 0) {
    throw trainingError(
      'TRAINING_NOT_READY',
      `there are no committed batches ${first} to ${last}: send more events`,
      { details: { first, last } },
    )
  }
  return mergeRanges(batches.flatMap((batch) => batch.ranges))
}

/**
 * With what a search chose in place of the search, so that a version is trained again without it; with the parameters of the
 * version that a refresh went on from.
 */
function trainedSpec(
  { search, ...spec }: ModelSpec,
  outcome: TrainingOutcome,
  champion: ModelVersion | undefined,
): ModelSpec {
  if (outcome.refreshed && champion) return { ...spec, params: champion.params }
  if (search === undefined || outcome.search === undefined) return spec
  return { ...spec, params: foundParams(outcome.search) }
}

function draftOf(
  spec: ModelSpec,
  work: QueuedWork,
  outcome: TrainingOutcome,
  champion: ModelVersion | undefined,
  durationMs: number,
): Omit<VersionDraft, 'lineage'> {
  const { scheme, part, of } = work.set
  return {
    model: spec.name,
    task: spec.task,
    kind: spec.kind,
    params: spec.params,
    status: outcome.gate.passed ? 'accepted' : 'rejected',
    inputs: spec.inputs,
    set: of === undefined ? { scheme, part } : { scheme, part, of },
    reports: outcome.reports,
    ...(outcome.warnings?.length && { warnings: outcome.warnings }),
    ...(outcome.importance && { importance: outcome.importance }),
    ...(outcome.search && { search: outcome.search }),
    gate: outcome.gate,
    parent: champion?.version,
    durationMs: Math.round(durationMs),
  }
}

function lineageOf(
  tools: TrainTools,
  source: TrainingSource,
  spec: ModelSpec,
  work: QueuedWork,
  plan: TrainingPlan,
  outcome: TrainingOutcome,
): Lineage {
  const snapshot = source.snapshot()
  const [first, last] = work.set.batches
  return {
    table: spec.table,
    batches: [first, last],
    ranges: plan.rows,
    files: snapshot.files
      .filter((file) => file.batches[0] <= last)
      .map(({ name, sha256 }) => ({ name, sha256 })),
    rows: outcome.rowCount,
    seed: spec.seed,
    codeVersion: tools.codeVersion,
    spec: spec as unknown as Record<string, unknown>,
    trigger: work.trigger,
    dataAsOf: outcome.dataAsOf,
    ...(outcome.refreshed && { refreshed: outcome.refreshed }),
  }
}

/** A version that passed serves at once, unless a newer set already does (an older part trained by hand). */
async function promoteIfPassed(tools: TrainTools, version: ModelVersion): Promise<void> {
  const { logger, registry } = tools
  const facts = { model: version.model, version: version.version, reason: version.gate.reason }
  if (!version.gate.passed) {
    logger.warn(facts, 'a version was rejected by the gate')
    return
  }
  const champion = championOf(registry, version.model)
  if (champion !== undefined && champion.lineage.batches[1] > version.lineage.batches[1]) {
    logger.info(
      facts,
      'a version passed the gate; the champion was trained on newer data and stays',
    )
    return
  }
  await registry.promote(version.model, version.version, {
    by: 'gate',
    reason: version.gate.reason,
  })
  logger.info(facts, 'a version was promoted')
}
