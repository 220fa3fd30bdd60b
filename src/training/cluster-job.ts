/**
 * One training of a clusterer, inside the child: one row per entity, as of the end of the set. There are no labels, so
 * the figures are inertia and silhouette on the same entities; a single cluster, the baseline, has silhouette 0.
 */
import { quote } from '../core/index.ts'
import { createFrameBuilder, type EntityFrame } from '../features/index.ts'
import { createRandom } from '../kernels/index.ts'
import {
  openKind,
  parseParams,
  type Dataset,
  type FittedClusterer,
  type ModelKind,
  type PredictInput,
} from '../models/index.ts'
import type { VersionSearch } from '../registry/index.ts'
import { refuseBeyondMemory } from './check-memory.ts'
import { trainingError } from './errors.ts'
import { silhouette } from './evaluation/silhouette.ts'
import { rowsWhere } from './frame-data.ts'
import { judge } from './gate.ts'
import type { JobResult, JobTools } from './labelled-job.ts'
import type { ModelSpec } from './model-spec.ts'
import type { TrainingPlan } from './plan.ts'
import { takeWeight, weighRows } from './row-weights.ts'
import { searchVersion, searchWarnings, withFound } from './search/search-version.ts'
import { inShare, rangesSql, TEST_SHARE } from './splits.ts'

type Entities = EntityFrame & { readonly weight?: Float64Array }

/** Most entities whose silhouettes are compared with each other: 2,000² distances take well under a second. */
const SILHOUETTE_ROWS = 2_000
/** Fewest entities of a round of halving: with fewer, luck decides which parameters go on. */
const LEAST_ENTITIES = 500

export async function runClusterJob(given: TrainingPlan, tools: JobTools): Promise<JobResult> {
  const kind = await openKind(given.spec.kind)
  const frame = await readEntities(given, tools)
  checkRows(frame, given)
  checkMemory(kind, frame, given, tools)
  const search = await searchFor(given, tools, kind, frame)
  const plan = withFound(given, search)
  const { spec } = plan
  tools.progress(0.3)
  const raw = await fitEntities(spec, tools, kind, frame)
  const before = tools.champion?.fitted
  const fitted = before?.task === 'clusterer' ? raw.matchTo(before.profiles()) : raw
  tools.progress(0.7)
  const dataAsOf = await newestEventTime(plan, tools)
  const metrics = figuresOf(fitted, frame, spec.seed)
  const baseline = { silhouette: 0, inertia: totalInertia(frame) }
  const gate = judge({
    rule: spec.gate,
    rowsName: `${frame.rows} entities`,
    rows: frame.rows,
    candidate: metrics,
    baseline,
    champion:
      tools.champion && before?.task === 'clusterer'
        ? { version: tools.champion.version, metrics: figuresOf(before, frame, spec.seed) }
        : undefined,
    figures: Object.values(metrics),
  })
  return {
    fitted,
    outcome: {
      rowCount: frame.rows,
      dataAsOf,
      reports: [{ split: 'train', rows: frame.rows, metrics, baseline }],
      warnings: searchWarnings(given.spec, search),
      search,
      gate,
    },
  }
}

async function fitEntities(
  spec: ModelSpec,
  tools: Pick<JobTools, 'signal'>,
  kind: ModelKind,
  frame: Entities,
): Promise<FittedClusterer> {
  const all = Int32Array.from({ length: frame.rows }, (_, row) => row)
  const placeOf = (row: number): string => `entity ${quote(frame.keys[row] ?? '')}`
  const { rows, weight } = weighRows(spec, frame.weight, all, placeOf)
  const counting = rows.length === frame.rows ? frame : selectEntities(frame, rows)
  const data: Dataset = {
    matrix: { names: frame.names, rows: counting.rows, values: counting.values },
    categories: [],
    ...(weight && { weight }),
  }
  const context = { seed: spec.seed, signal: tools.signal }
  const fitted = await kind.fit(data, parseParams(kind, spec.params), context)
  if (fitted.task !== 'clusterer') throw new TypeError(`${kind.name} is no kind of clusterer`)
  return fitted
}

/** Judged by the silhouette of a fifth of the entities, put into the clusters that the others made. */
async function searchFor(
  { spec, memoryBytes }: TrainingPlan,
  tools: JobTools,
  kind: ModelKind,
  frame: Entities,
): Promise<VersionSearch | undefined> {
  if (spec.search === undefined) return undefined
  const isHeld = (row: number): boolean =>
    inShare(`validation:${spec.seed}`, frame.keys[row] ?? '', TEST_SHARE)
  const held = selectEntities(frame, rowsWhere(frame.rows, isHeld))
  const others = rowsWhere(frame.rows, (row) => !isHeld(row))
  const drawn = createRandom(spec.seed).shuffle(others.slice())
  return await searchVersion(spec, tools, kind, {
    rows: held.rows,
    leastShare: Math.min(1, LEAST_ENTITIES / others.length),
    fits: (params) => bytesOf(kind, frame, params)(frame.rows) <= memoryBytes,
    async score(params, signal, share) {
      const some = drawn.slice(0, Math.ceil(share * drawn.length)).toSorted()
      const learned = selectEntities(frame, some)
      const fitted = await fitEntities({ ...spec, params }, { signal }, kind, learned)
      return figuresOf(fitted, held, spec.seed)[spec.gate.metric] ?? Number.NaN
    },
  })
}

function selectEntities(frame: Entities, rows: Int32Array): Entities {
  const columns = frame.names.length
  const values = new Float64Array(rows.length * columns)
  for (const [to, row] of rows.entries()) {
    values.set(frame.values.subarray(row * columns, (row + 1) * columns), to * columns)
  }
  const keys = Array.from(rows, (row) => frame.keys[row] ?? '')
  const { weight } = frame
  const own = weight && Float64Array.from(rows, (row) => weight[row] ?? Number.NaN)
  return { rows: rows.length, keys, names: frame.names, values, ...(own && { weight: own }) }
}

function checkMemory(
  kind: ModelKind,
  frame: EntityFrame,
  plan: TrainingPlan,
  tools: JobTools,
): void {
  refuseBeyondMemory(plan, frame.rows, bytesOf(kind, frame, plan.spec.params), tools.estimate)
}

/** Most memory of a training by its entities. */
function bytesOf(
  kind: ModelKind,
  { names }: EntityFrame,
  params: ModelSpec['params'],
): (rows: number) => number {
  const parsed = parseParams(kind, params)
  return (rows) => 3 * rows * names.length * 8 + kind.memoryBytes(rows, names.length, 0, parsed)
}

async function readEntities(plan: TrainingPlan, tools: JobTools): Promise<Entities> {
  const { spec } = plan
  const history = spec.set.scheme === 'cumulative' ? plan.history : plan.rows
  const frame = await createFrameBuilder().entities(
    tools.engine,
    {
      table: plan.table,
      files: plan.files,
      views: plan.views,
      history: rangesSql(history),
    },
    spec.entityView ?? '',
  )
  return takeWeight(frame, spec.weight)
}

function checkRows(frame: Entities, plan: TrainingPlan): void {
  if (frame.rows >= plan.spec.minRows) return
  throw trainingError(
    'TRAINING_NOT_READY',
    `${plan.spec.name} needs ${plan.spec.minRows} entities of view ${plan.spec.entityView}, the set has ${frame.rows}: send more events, or lower minRows`,
    { details: { needs: plan.spec.minRows, has: frame.rows } },
  )
}

async function newestEventTime(plan: TrainingPlan, tools: JobTools): Promise<number> {
  const frame = await createFrameBuilder().frame(tools.engine, {
    table: plan.table,
    files: plan.files,
    views: [],
    rows: rangesSql(plan.rows),
    asOf: 'row',
  })
  return frame.eventTime.at(-1) ?? 0
}

function figuresOf(fitted: FittedClusterer, frame: Entities, seed: number): Record<string, number> {
  const input: PredictInput = {
    matrix: { names: frame.names, rows: frame.rows, values: frame.values },
    categories: {},
  }
  const { cluster, distance } = fitted.assign(input)
  const points = standardized(frame)
  const figures: Record<string, number> = {
    inertia: distance.reduce((sum, one) => sum + one * one, 0),
  }
  const value = silhouette(points, frame.names.length, cluster, { seed, maxRows: SILHOUETTE_ROWS })
  if (Number.isFinite(value)) figures['silhouette'] = value
  return figures
}

/** Sum of squared standardized distances to the common centre. */
const totalInertia = (frame: Entities): number =>
  standardized(frame).reduce((sum, one) => sum + one * one, 0)

/** Mean 0 and deviation 1 by column; missing values at the mean, constant columns 0. */
function standardized(frame: Entities): Float64Array {
  const columns = frame.names.length
  const points = frame.values.slice()
  for (let column = 0; column < columns; column += 1) {
    let count = 0
    let sum = 0
    let squares = 0
    for (let row = 0; row < frame.rows; row += 1) {
      const value = points[row * columns + column] ?? Number.NaN
      if (!Number.isFinite(value)) continue
      count += 1
      sum += value
      squares += value * value
    }
    const mean = count === 0 ? 0 : sum / count
    const deviation = count === 0 ? 0 : Math.sqrt(Math.max(0, squares / count - mean * mean))
    for (let row = 0; row < frame.rows; row += 1) {
      const value = points[row * columns + column] ?? Number.NaN
      points[row * columns + column] =
        Number.isFinite(value) && deviation > 0 ? (value - mean) / deviation : 0
    }
  }
  return points
}
