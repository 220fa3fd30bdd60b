/**
 * One training of a classifier that looks ahead: one row per entity and cut-off, features of the window before it, the
 * label from what follows. Cut-offs lie on a fixed grid of time, so later trainings meet the same rows again.
 *
 * ```
 *        window          label
 *  ├───────────────┤T├───────────────┤        T = k × everyMs, window and label both inside the set
 * ```
 * Rows of one entity are alike, so an entity is in the gate, or tests at random, with all of its rows. The time split trains
 * on cut-offs whose outcome was known at the first test cut-off.
 */
import {
  createFrameBuilder,
  type CutoffFrame,
  type Frame,
  type TimeSpan,
} from '../features/index.ts'
import { openKind } from '../models/index.ts'
import type { MetricReport } from '../registry/index.ts'
import { rowsWhere } from './frame-data.ts'
import { judge } from './gate.ts'
import { importanceOf } from './importance.ts'
import {
  checkMemory,
  checkRows,
  type JobResult,
  type JobTools,
  type LabelledRows,
} from './labelled-job.ts'
import { crossValidation } from './cross-validation.ts'
import {
  entityColumn,
  fitter,
  gateReports,
  report,
  timeReport,
  type Fit,
} from './labelled-reports.ts'
import type { Horizon } from './model-spec.ts'
import type { TrainingPlan } from './plan.ts'
import { warningsOf } from './report-warnings.ts'
import { takeWeight } from './row-weights.ts'
import { searchAhead } from './search/labelled-search.ts'
import { searchWarnings, withFound } from './search/search-version.ts'
import { inShare, rangesSql } from './splits.ts'

const GATE_SHARE = 0.1
const TEST_SHARE = 0.2

export async function runHorizonJob(given: TrainingPlan, tools: JobTools): Promise<JobResult> {
  const { found, set, frame, rows } = await readCutoffs(given, tools)
  const kind = await openKind(given.spec.kind)
  checkMemory(frame, rows, kind, given, tools)
  tools.progress(0.2)
  const search = await searchAhead(given, tools, kind, frame, rows)
  const plan = withFound(given, search)
  const { spec } = plan
  tools.progress(0.3)
  const fit = fitter(spec, tools)
  const fitted = await fit(kind, frame, rows.train)
  tools.progress(0.6)
  const reports: MetricReport[] = []
  let gate: JobResult['outcome']['gate'] = { passed: true, reason: 'not evaluated', checks: [] }
  if (plan.evaluate) {
    reports.push(...(await splitReports(plan, found, frame, rows, fit)))
    reports.push(...(await crossValidation(plan, tools, frame, rows.train, fit)))
    const judged = await gateReports(plan, tools, frame, rows, fit, fitted, reports)
    reports.push(...judged.reports)
    gate = judge(judged.evidence)
  }
  return {
    fitted,
    outcome: {
      rowCount: rows.setCount,
      dataAsOf: set?.lastMs ?? 0,
      reports,
      warnings: [...searchWarnings(given.spec, search), ...warningsOf(reports, spec.gate.metric)],
      search,
      importance: plan.evaluate ? importanceOf(spec, fitted, frame, rows.gate) : undefined,
      gate,
    },
  }
}

async function readCutoffs(plan: TrainingPlan, tools: JobTools) {
  const { spec } = plan
  const { horizon } = spec
  if (!horizon || spec.label === undefined) throw new TypeError(`${spec.name} has no horizon`)
  const set = await spanOf(plan, tools, rangesSql(plan.rows))
  const known = await spanOf(
    plan,
    tools,
    `(${rangesSql(plan.history)} and not ${rangesSql(plan.fresh)})`,
  )
  const cutoffs = await createFrameBuilder().cutoffs(tools.engine, {
    table: plan.table,
    files: plan.files,
    views: plan.views,
    history: rangesSql(plan.history),
    cutoffs: cutoffsOf(set, horizon),
    label: { sql: spec.label, withinMs: horizon.predictMs },
  })
  const found = takeWeight(cutoffs, spec.weight)
  const frame = frameOf(found, entityColumn(spec) ?? '')
  const rows = splitRows(found, plan, horizon, known?.lastMs ?? Number.NEGATIVE_INFINITY)
  checkRows(rows, spec)
  return { found, set, frame, rows }
}

const spanOf = (
  plan: TrainingPlan,
  tools: JobTools,
  history: string,
): Promise<TimeSpan | undefined> =>
  createFrameBuilder().span(tools.engine, {
    table: plan.table,
    files: plan.files,
    views: plan.views,
    history,
  })

/** The cut-offs of the grid that have a whole window before them and a known outcome after them. */
export function cutoffsOf(span: TimeSpan | undefined, horizon: Horizon): number[] {
  if (!span) return []
  const { windowMs, predictMs, everyMs } = horizon
  const first = Math.ceil((span.firstMs + windowMs) / everyMs)
  const last = Math.floor((span.lastMs - predictMs) / everyMs)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => (first + k) * everyMs)
}

/** As the other trainings see their rows; the place of a row in the log means nothing here. */
const frameOf = (found: CutoffFrame & Pick<Frame, 'weight'>, entity: string): Frame => ({
  rows: found.rows,
  names: found.names,
  values: found.values,
  label: found.label,
  ...(found.weight && { weight: found.weight }),
  categories: { [entity]: found.keys },
  partition: new Int32Array(found.rows),
  offset: Float64Array.from({ length: found.rows }, (_, row) => row),
  eventTime: found.cutoff,
})

export function splitRows(
  found: Pick<CutoffFrame, 'rows' | 'keys' | 'cutoff'>,
  plan: Pick<TrainingPlan, 'spec'>,
  horizon: Horizon,
  knownUntilMs: number,
): LabelledRows {
  const { keys, cutoff, rows } = found
  const salt = `gate:${plan.spec.table}:entity`
  const gates = new Map(keys.map((key) => [key, inShare(salt, key, GATE_SHARE)]))
  const grid = [...new Set(cutoff)]
  const testFrom = grid.at(-Math.max(1, Math.floor(grid.length * TEST_SHARE))) ?? 0
  const at = (row: number): number => cutoff[row] ?? 0
  const inGate = (row: number): boolean => gates.get(keys[row] ?? '') === true
  // A label that the batches of the champion's training did not know yet.
  const isFresh = (row: number): boolean => at(row) + horizon.predictMs > knownUntilMs
  const where = (keep: (row: number) => boolean): Int32Array => rowsWhere(rows, keep)
  return {
    train: where((row) => !inGate(row)),
    timeTrain: where((row) => !inGate(row) && at(row) + horizon.predictMs <= testFrom),
    timeTest: where((row) => !inGate(row) && at(row) >= testFrom),
    gate: where((row) => inGate(row) && !isFresh(row)),
    gateNewest: where((row) => inGate(row) && isFresh(row)),
    fresh: where(isFresh),
    before: where((row) => !isFresh(row)),
    setCount: rows,
  }
}

async function splitReports(
  plan: TrainingPlan,
  found: CutoffFrame,
  frame: Frame,
  rows: LabelledRows,
  fit: Fit,
): Promise<MetricReport[]> {
  const time = await timeReport(plan, frame, rows, fit)
  const tests = (row: number): boolean =>
    inShare(`test:${plan.spec.seed}`, found.keys[row] ?? '', TEST_SHARE)
  const random = await report(
    'random',
    plan,
    fit,
    { frame, rows: rows.train.filter((row) => !tests(row)) },
    { frame, rows: rows.train.filter(tests) },
  )
  return [...time, ...random]
}
