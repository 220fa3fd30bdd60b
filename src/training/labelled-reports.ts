/**
 * The figures of one labelled training: two honest splits (design D20), the gate rows (design D19), and for each the
 * trivial baseline on the same rows.
 */
import { createFrameBuilder, type Frame } from '../features/index.ts'
import { openKind, parseParams, type Fitted, type ModelKind } from '../models/index.ts'
import type { MetricReport } from '../registry/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { evaluate } from './evaluation/catalog.ts'
import { datasetOf, inputOf, labelsOf, rowsWhere, scoresOf } from './frame-data.ts'
import type { GateEvidence } from './gate.ts'
import type { JobTools, LabelledRows } from './labelled-job.ts'
import type { ModelSpec } from './model-spec.ts'
import type { TrainingPlan } from './plan.ts'
import { gateSql, rangesSql, testSql } from './splits.ts'

type Task = 'classifier' | 'regressor'

export type Fit = (kind: ModelKind, frame: Frame, rows: Int32Array) => Promise<Fitted>

export function fitter(spec: ModelSpec, tools: JobTools): Fit {
  const context = { seed: spec.seed, signal: tools.signal }
  return async (kind, frame, rows) => {
    const params = parseParams(kind, kind.name === spec.kind ? spec.params : {})
    return await kind.fit(datasetOf(frame, rows, spec), params, context)
  }
}

/** One report: the model and its trivial baseline, fitted on `train`, scored on `test`. */
export async function report(
  split: MetricReport['split'],
  plan: TrainingPlan,
  fit: Fit,
  train: { frame: Frame; rows: Int32Array },
  test: { frame: Frame; rows: Int32Array },
): Promise<MetricReport[]> {
  if (train.rows.length === 0 || test.rows.length === 0) return []
  const { spec } = plan
  const kind = await openKind(spec.kind)
  const trivial = await openKind(kind.baseline)
  const truth = labelsOf(test.frame, test.rows)
  const input = inputOf(test.frame, test.rows, spec)
  const score = async (which: ModelKind): Promise<Record<string, number>> => {
    const fitted = await fit(which, train.frame, train.rows)
    return evaluate(spec.task as Task, truth, scoresOf(fitted, input, spec))
  }
  return [
    {
      split,
      rows: test.rows.length,
      metrics: await score(kind),
      baseline: await score(trivial),
    },
  ]
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
  const train = await randomFrame(plan, tools.engine, 'train')
  const test = await randomFrame(plan, tools.engine, 'test')
  const random = await report('random', plan, fit, labelled(train), labelled(test))
  tools.progress(0.9)
  return [...time, ...random]
}

const labelled = (frame: Frame): { frame: Frame; rows: Int32Array } => ({
  frame,
  rows: rowsWhere(frame.rows, (row) => Number.isFinite(frame.label?.[row])),
})

/**
 * The seeded random split: features see training rows only. A training row sees all of them but itself, a test row sees
 * all of them, as a user's next question would.
 */
function randomFrame(
  plan: TrainingPlan,
  engine: SqlEngine,
  part: 'train' | 'test',
): Promise<Frame> {
  const { spec } = plan
  const test = testSql(spec.seed)
  const notGate = `not ${gateSql(spec.table)}`
  const mine = part === 'train' ? `not ${test}` : test
  return createFrameBuilder().frame(engine, {
    table: plan.table,
    files: plan.files,
    views: plan.views,
    rows: `(${rangesSql(plan.rows)} and ${notGate} and ${mine})`,
    history: `(${rangesSql(plan.history)} and ${notGate} and not ${test})`,
    asOf: part === 'train' ? 'others' : 'end',
    label: spec.label,
    columns: spec.inputs.columns,
    categories: spec.inputs.categories,
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
  const scoreOn = (which: Fitted, some: Int32Array): Record<string, number> =>
    evaluate(
      spec.task as Task,
      labelsOf(frame, some),
      scoresOf(which, inputOf(frame, some, spec), spec),
    )
  const gateReport = (split: MetricReport['split'], some: Int32Array): MetricReport[] =>
    some.length === 0
      ? []
      : [
          {
            split,
            rows: some.length,
            metrics: scoreOn(fitted, some),
            baseline: scoreOn(trivial, some),
          },
        ]
  const own = [...gateReport('gate', rows.gate), ...gateReport('gate-newest', rows.gateNewest)]
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
        metrics: scoreOn(champion.fitted, rows.gate),
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
