/**
 * One training of a classifier or regressor, inside the child. Four fits at most: two for honest reports (time split and
 * seeded random split, design D20), one final on every row but the gate's, and the trivial baseline beside each.
 */
import { createFrameBuilder, type Frame } from '../features/index.ts'
import { openKind, type Fitted, type ModelKind } from '../models/index.ts'
import type { MetricReport } from '../registry/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { refuseBeyondMemory } from './check-memory.ts'
import { trainingError } from './errors.ts'
import { fitBytesOf, rowsWhere } from './frame-data.ts'
import { judge } from './gate.ts'
import { importanceOf } from './importance.ts'
import { crossValidation } from './cross-validation.ts'
import { entityColumn, fitter, gateReports, honestReports, keyColumns } from './labelled-reports.ts'
import type { ModelSpec } from './model-spec.ts'
import type { TrainingOutcome, TrainingPlan } from './plan.ts'
import { rangeMatcher } from './ranges.ts'
import { warningsOf } from './report-warnings.ts'
import { searchLabelled } from './search/labelled-search.ts'
import { searchWarnings, withFound } from './search/search-version.ts'
import { gateSql, isGateRow, rangesSql, timeSplit } from './splits.ts'

export interface JobTools {
  readonly engine: SqlEngine
  readonly signal: AbortSignal
  readonly progress: (done: number) => void
  readonly estimate: (bytes: number) => void
  readonly champion?: { readonly version: number; readonly fitted: Fitted }
}

export interface JobResult {
  readonly outcome: TrainingOutcome
  readonly fitted: Fitted
}

/** Which rows of the frame are what. */
export interface LabelledRows {
  readonly train: Int32Array
  readonly timeTrain: Int32Array
  readonly timeTest: Int32Array
  readonly gate: Int32Array
  readonly gateNewest: Int32Array
  /** Gate rows that judge for ever; absent without a declared reference. */
  readonly reference?: Int32Array
  readonly setCount: number
  readonly fresh: Int32Array
  readonly before: Int32Array
}

export async function runLabelledJob(given: TrainingPlan, tools: JobTools): Promise<JobResult> {
  const kind = await openKind(given.spec.kind)
  const frame = await readFrame(given, tools.engine)
  const rows = splitRows(frame, given)
  checkRows(rows, given.spec)
  checkMemory(frame, rows, kind, given, tools)
  tools.progress(0.1)
  const search = await searchLabelled(given, tools, kind, frame, rows)
  const plan = withFound(given, search)
  const { spec } = plan
  tools.progress(0.2)
  const fit = fitter(spec, tools)
  const fitted = await fit(kind, frame, rows.train)
  tools.progress(0.5)
  const reports: MetricReport[] = []
  let gate = { passed: true, reason: 'not evaluated', checks: [] } as TrainingOutcome['gate']
  if (plan.evaluate) {
    reports.push(...(await honestReports(plan, tools, frame, rows, fit)))
    reports.push(...(await crossValidation(plan, tools, frame, rows.train, fit)))
    const judged = await gateReports(plan, tools, frame, rows, fit, fitted, reports)
    reports.push(...judged.reports)
    gate = judge(judged.evidence)
  }
  return {
    fitted,
    outcome: {
      rowCount: rows.setCount,
      dataAsOf: frame.eventTime.at(-1) ?? 0,
      reports,
      warnings: [...searchWarnings(given.spec, search), ...warningsOf(reports, spec.gate.metric)],
      search,
      importance: plan.evaluate ? importanceOf(spec, fitted, frame, rows.gate) : undefined,
      gate,
    },
  }
}

/** Rows of the set, and the gate rows of everything before it. */
function readFrame(plan: TrainingPlan, engine: SqlEngine): Promise<Frame> {
  const { spec } = plan
  return createFrameBuilder().frame(engine, {
    table: plan.table,
    files: plan.files,
    views: plan.views,
    rows: `(${rangesSql(plan.rows)} or (${rangesSql(plan.history)} and ${gateSql(spec.table)}))`,
    history: rangesSql(plan.history),
    asOf: 'row',
    label: spec.label,
    weight: spec.weight,
    columns: spec.inputs.columns,
    categories: [...new Set([...spec.inputs.categories, ...keyColumns(spec)])],
  })
}

function splitRows(frame: Frame, plan: TrainingPlan): LabelledRows {
  const { spec } = plan
  const inSet = rangeMatcher(plan.rows)
  const isFresh = rangeMatcher(plan.fresh)
  const isReference = rangeMatcher(plan.reference?.ranges ?? [])
  const partition = (row: number): number => frame.partition[row] ?? 0
  const offset = (row: number): number => frame.offset[row] ?? 0
  const flags = Array.from({ length: frame.rows }, (_, row) => ({
    labelled: Number.isFinite(frame.label?.[row]),
    set: inSet(partition(row), offset(row)),
    gate: isGateRow(spec.table, partition(row), offset(row)),
    fresh: isFresh(partition(row), offset(row)),
    reference: isReference(partition(row), offset(row)),
  }))
  const where = (keep: (flag: (typeof flags)[number], row: number) => boolean): Int32Array =>
    rowsWhere(frame.rows, (row) => {
      const flag = flags[row]
      return flag !== undefined && flag.labelled && keep(flag, row)
    })
  const entity = entityColumn(spec)
  const entities =
    entity === undefined ? flags.map(() => '') : (frame.categories[entity] ?? flags.map(() => null))
  const test = timeSplit(entities, (row) => {
    const flag = flags[row]
    return flag !== undefined && flag.labelled && flag.set && !flag.gate
  })
  return {
    train: where((flag) => flag.set && !flag.gate),
    timeTrain: where((flag, row) => flag.set && !flag.gate && test[row] !== 1),
    timeTest: where((flag, row) => flag.set && !flag.gate && test[row] === 1),
    gate: where((flag) => flag.gate && !flag.fresh),
    gateNewest: where((flag) => flag.gate && flag.fresh),
    ...(plan.reference && { reference: where((flag) => flag.gate && flag.reference) }),
    fresh: where((flag) => flag.fresh),
    before: where((flag) => !flag.fresh),
    setCount: where((flag) => flag.set).length,
  }
}

export function checkRows(rows: LabelledRows, spec: ModelSpec): void {
  if (rows.setCount >= spec.minRows) return
  throw trainingError(
    'TRAINING_NOT_READY',
    `${spec.name} needs ${spec.minRows} labelled rows, the set has ${rows.setCount}: send more events, or lower minRows`,
    { details: { needs: spec.minRows, has: rows.setCount } },
  )
}

export function checkMemory(
  frame: Frame,
  rows: LabelledRows,
  kind: ModelKind,
  plan: TrainingPlan,
  tools: JobTools,
): void {
  const fitBytes = fitBytesOf(frame, kind, plan.spec)
  const bytesOf = (count: number): number =>
    (3 * frame.values.byteLength * count) / Math.max(1, rows.train.length) + fitBytes(count)
  refuseBeyondMemory(plan, rows.train.length, bytesOf, tools.estimate)
}
