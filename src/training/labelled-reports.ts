/**
 * The figures of one labelled training: two honest splits (design D20), the gate rows (design D19), and for each the
 * trivial baseline on the same rows.
 */
import { createFrameBuilder, type Frame } from '../features/index.ts'
import { levelsOf, openKind, parseParams, type Fitted, type ModelKind } from '../models/index.ts'
import type { MetricReport } from '../registry/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { evaluate, intervals } from './evaluation/catalog.ts'
import type { Scored } from './evaluation/metric.ts'
import { datasetOf, inputOf, labelsOf, rowsWhere, scoresOf } from './frame-data.ts'
import type { GateEvidence } from './gate.ts'
import type { JobTools, LabelledRows } from './labelled-job.ts'
import type { ModelSpec } from './model-spec.ts'
import type { TrainingPlan } from './plan.ts'
import { gateSql, rangesSql, testSql } from './splits.ts'

export type Fit = (kind: ModelKind, frame: Frame, rows: Int32Array) => Promise<Fitted>

export function fitter(spec: ModelSpec, tools: JobTools): Fit {
  const context = { seed: spec.seed, signal: tools.signal }
  const earlier = tools.champion && levelsOf(tools.champion.fitted.save())
  return async (kind, frame, rows) => {
    const params = parseParams(kind, kind.name === spec.kind ? spec.params : {})
    return await kind.fit(datasetOf(frame, rows, spec, earlier), params, context)
  }
}

/** Rows of a frame. */
export interface FrameRows {
  readonly frame: Frame
  readonly rows: Int32Array
}

/** The figures of predictions, with their intervals; entities are drawn whole where the rows have one. */
export function figuresOf(
  spec: ModelSpec,
  test: FrameRows,
  fitted: Fitted,
  trivial: Fitted,
): Pick<MetricReport, 'metrics' | 'intervals' | 'baseline'> {
  const task = labelledTask(spec)
  const truth = labelsOf(test.frame, test.rows)
  const input = inputOf(test.frame, test.rows, spec)
  const scored: Scored = { truth, predicted: scoresOf(fitted, input, spec) }
  const entities = entitiesOf(spec, test)
  return {
    metrics: evaluate(task, scored),
    intervals: intervals(task, scored, { seed: spec.seed, entities }),
    baseline: evaluate(task, { truth, predicted: scoresOf(trivial, input, spec) }),
  }
}

export function labelledTask({ name, task }: ModelSpec): 'classifier' | 'regressor' {
  if (task === 'classifier' || task === 'regressor') return task
  throw new TypeError(`${name} is a ${task} and has no labels`)
}

/** The column whose rows belong together: the time split takes each one's last rows, the bootstrap draws it whole. */
export const entityColumn = (spec: ModelSpec): string | undefined =>
  spec.inputs.views[0]?.entity ?? spec.inputs.categories[0]

/** Columns that tell which rows belong together. */
export const keyColumns = (spec: ModelSpec): string[] =>
  [entityColumn(spec), spec.evaluation?.groupBy].filter((column) => column !== undefined)

function entitiesOf(spec: ModelSpec, { frame, rows }: FrameRows): (string | null)[] | undefined {
  const column = entityColumn(spec)
  const keys = column === undefined ? undefined : frame.categories[column]
  return keys && Array.from(rows, (row) => keys[row] ?? null)
}

/** One report: the model and its trivial baseline, fitted on `train`, scored on `test`. */
export async function report(
  split: MetricReport['split'],
  { spec }: TrainingPlan,
  fit: Fit,
  train: FrameRows,
  test: FrameRows,
): Promise<MetricReport[]> {
  if (train.rows.length === 0 || test.rows.length === 0) return []
  const kind = await openKind(spec.kind)
  const trivial = await openKind(kind.baseline)
  const fitted = await fit(kind, train.frame, train.rows)
  const baseline = await fit(trivial, train.frame, train.rows)
  return [{ split, rows: test.rows.length, ...figuresOf(spec, test, fitted, baseline) }]
}

/** The split by time: fitted on what came before, scored on what came after. */
export const timeReport = (
  plan: TrainingPlan,
  frame: Frame,
  rows: Pick<LabelledRows, 'timeTrain' | 'timeTest'>,
  fit: Fit,
): Promise<MetricReport[]> =>
  report('time', plan, fit, { frame, rows: rows.timeTrain }, { frame, rows: rows.timeTest })

export async function honestReports(
  plan: TrainingPlan,
  tools: JobTools,
  frame: Frame,
  rows: LabelledRows,
  fit: Fit,
): Promise<MetricReport[]> {
  const time = await timeReport(plan, frame, rows, fit)
  tools.progress(0.7)
  const chosen = testSql(plan.spec.seed)
  const train = await randomFrame(plan, tools.engine, chosen, 'train')
  const test = await randomFrame(plan, tools.engine, chosen, 'test')
  const random = await report('random', plan, fit, labelled(train), labelled(test))
  tools.progress(0.9)
  return [...time, ...random]
}

export const labelled = (frame: Frame): FrameRows => ({
  frame,
  rows: rowsWhere(frame.rows, (row) => Number.isFinite(frame.label?.[row])),
})

/**
 * One side of a seeded random split: features see training rows only. A training row sees all of them but itself, a test
 * row sees all of them, as a user's next question would.
 *
 * @param test condition in SQL: which rows test
 */
export function randomFrame(
  plan: TrainingPlan,
  engine: SqlEngine,
  test: string,
  part: 'train' | 'test',
): Promise<Frame> {
  const { spec } = plan
  const notGate = `not ${gateSql(spec.table)}`
  const mine = part === 'train' ? `not ${test}` : test
  const entity = entityColumn(spec)
  return createFrameBuilder().frame(engine, {
    table: plan.table,
    files: plan.files,
    views: plan.views,
    rows: `(${rangesSql(plan.rows)} and ${notGate} and ${mine})`,
    history: `(${rangesSql(plan.history)} and ${notGate} and not ${test})`,
    asOf: part === 'train' ? 'others' : 'end',
    label: spec.label,
    weight: spec.weight,
    columns: spec.inputs.columns,
    categories: [
      ...new Set([...spec.inputs.categories, ...(entity === undefined ? [] : [entity])]),
    ],
  })
}

/** Scores on the rows set apart; with too few of them the time split's test rows decide instead. */
export async function gateReports(
  plan: TrainingPlan,
  tools: JobTools,
  frame: Frame,
  rows: LabelledRows,
  fit: Fit,
  fitted: Fitted,
  reports: readonly MetricReport[],
): Promise<{ reports: MetricReport[]; evidence: GateEvidence }> {
  const { spec } = plan
  const kind = await openKind(spec.kind)
  const trivial = await fit(await openKind(kind.baseline), frame, rows.train)
  const gateReport = (split: MetricReport['split'], some: Int32Array): MetricReport[] =>
    some.length === 0
      ? []
      : [{ split, rows: some.length, ...figuresOf(spec, { frame, rows: some }, fitted, trivial) }]
  const [reference] = gateReport('reference', rows.reference ?? new Int32Array(0))
  const own = [
    ...gateReport('gate', rows.gate),
    ...gateReport('gate-newest', rows.gateNewest),
    ...(reference ? [reference] : []),
  ]
  const enough = rows.gate.length >= spec.gate.minRows
  const deciding = enough
    ? own.find((one) => one.split === 'gate')
    : reports.find((one) => one.split === 'time')
  const champion = enough ? tools.champion : undefined
  return {
    reports: own,
    evidence: {
      rule: spec.gate,
      rowsName: enough
        ? `${rows.gate.length} gate rows`
        : `${deciding?.rows ?? 0} test rows of the time split`,
      rows: deciding?.rows ?? 0,
      candidate: deciding?.metrics ?? {},
      baseline: deciding?.baseline ?? {},
      champion: champion && {
        version: champion.version,
        metrics: evaluate(labelledTask(spec), {
          truth: labelsOf(frame, rows.gate),
          predicted: scoresOf(champion.fitted, inputOf(frame, rows.gate, spec), spec),
        }),
      },
      reference: reference && {
        rows: reference.rows,
        candidate: reference.metrics[spec.gate.metric],
        best: plan.reference?.best,
      },
      labelShift: labelShift(frame, rows, spec),
      figures: [...reports, ...own].flatMap((one) => Object.values(one.metrics)),
    },
  }
}

/** Fewest rows on either side for a mean label that means something. */
const SHIFT_ROWS = 50

function labelShift(frame: Frame, rows: LabelledRows, spec: ModelSpec): GateEvidence['labelShift'] {
  if (rows.fresh.length < SHIFT_ROWS || rows.before.length < SHIFT_ROWS) return undefined
  const before = moments(labelsOf(frame, rows.before))
  const now = moments(labelsOf(frame, rows.fresh))
  const difference = Math.abs(now.mean - before.mean)
  const unit = spec.task === 'classifier' ? 1 : before.deviation || 1
  return { before: before.mean, now: now.mean, shift: difference / unit }
}

function moments(values: Float64Array): { mean: number; deviation: number } {
  let mean = 0
  for (const value of values) mean += value / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2 / values.length
  return { mean, deviation: Math.sqrt(squares) }
}
