/**
 * The search for parameters of a classifier or regressor. Its rows are those that may train in every split of the reports:
 * no gate row, no test row of the split by time, of the random one or of the groups. Of them the last fifth of each entity's
 * rows (or a fifth of the groups, or of the entities of a model that looks ahead) is the validation split.
 */
import { createFrameBuilder, type Frame } from '../../features/index.ts'
import type { ModelKind } from '../../models/index.ts'
import { createRandom } from '../../kernels/index.ts'
import type { VersionSearch } from '../../registry/index.ts'
import { evaluate } from '../evaluation/catalog.ts'
import { fitBytesOf, inputOf, labelsOf, rowsWhere, scoresOf } from '../frame-data.ts'
import type { JobTools, LabelledRows } from '../labelled-job.ts'
import {
  entityColumn,
  fitter,
  keyColumns,
  labelledTask,
  type FrameRows,
} from '../labelled-reports.ts'
import type { ModelSpec } from '../model-spec.ts'
import type { TrainingPlan } from '../plan.ts'
import { gateSql, inShare, rangesSql, TEST_SHARE, testSql, timeSplit } from '../splits.ts'
import { searchVersion } from './search-version.ts'

/** Fewest training rows of a round of halving: with fewer, luck decides which parameters go on. */
const LEAST_ROWS = 300

/**
 * @param frame with the rows of the set
 * @returns undefined when no search is declared, or no rows are left for one
 */
export async function searchLabelled(
  plan: TrainingPlan,
  tools: JobTools,
  kind: ModelKind,
  frame: Frame,
  rows: LabelledRows,
): Promise<VersionSearch | undefined> {
  if (plan.spec.search === undefined) return undefined
  const own = await searchFrame(plan, tools, frame, rows)
  const { groupBy } = plan.spec.evaluation ?? {}
  const keys = groupBy === undefined ? undefined : own.frame.categories[groupBy]
  const tests = keys ? groupTest(plan.spec, keys) : lastRows(plan.spec, own)
  return await search(plan, tools, kind, own, tests)
}

/** Of a model that looks ahead: outcomes known before the first test cut-off, no entity of the random test set. */
export async function searchAhead(
  plan: TrainingPlan,
  tools: JobTools,
  kind: ModelKind,
  frame: Frame,
  rows: LabelledRows,
): Promise<VersionSearch | undefined> {
  const { spec } = plan
  if (spec.search === undefined) return undefined
  const keys = frame.categories[entityColumn(spec) ?? ''] ?? []
  const isTest = groupsOf(`test:${spec.seed}`, keys)
  const own = { frame, rows: rows.timeTrain.filter((row) => !isTest(row)) }
  return await search(plan, tools, kind, own, groupTest(spec, keys))
}

async function search(
  { spec, memoryBytes }: TrainingPlan,
  tools: JobTools,
  kind: ModelKind,
  { frame, rows }: FrameRows,
  isValidation: (row: number) => boolean,
): Promise<VersionSearch | undefined> {
  const validation = rows.filter(isValidation)
  const train = rows.filter((row) => !isValidation(row))
  if (train.length === 0 || validation.length === 0) return undefined
  const truth = labelsOf(frame, validation)
  const input = inputOf(frame, validation, spec)
  const drawn = createRandom(spec.seed).shuffle(train.slice())
  return await searchVersion(spec, tools, kind, {
    rows: validation.length,
    leastShare: Math.min(1, LEAST_ROWS / train.length),
    fits: (params) =>
      3 * frame.values.byteLength + fitBytesOf(frame, kind, { ...spec, params })(train.length) <=
      memoryBytes,
    async score(params, signal, share) {
      const some = share === 1 ? train : drawn.slice(0, Math.ceil(share * drawn.length)).toSorted()
      const fitted = await fitter({ ...spec, params }, { ...tools, signal })(kind, frame, some)
      const scored = { truth, predicted: scoresOf(fitted, input, spec) }
      return evaluate(labelledTask(spec), scored)[spec.gate.metric] ?? Number.NaN
    },
  })
}

/** Features see what came before, without the rows of the gate and of the random test set. */
async function searchFrame(
  plan: TrainingPlan,
  tools: JobTools,
  frame: Frame,
  rows: LabelledRows,
): Promise<FrameRows> {
  const { spec } = plan
  const { groupBy } = spec.evaluation ?? {}
  const mine = `not ${gateSql(spec.table)} and not ${testSql(spec.seed)}`
  const own = await createFrameBuilder().frame(tools.engine, {
    table: plan.table,
    files: plan.files,
    views: plan.views,
    rows: `(${rangesSql(plan.rows)} and ${mine})`,
    history: `(${rangesSql(plan.history)} and ${mine})`,
    asOf: 'row',
    label: spec.label,
    weight: spec.weight,
    columns: spec.inputs.columns,
    categories: [...new Set([...spec.inputs.categories, ...keyColumns(spec)])],
  })
  const placeOf = (of: Frame, row: number): string => `${of.partition[row]}:${of.offset[row]}`
  const late = new Set(Array.from(rows.timeTest, (row) => placeOf(frame, row)))
  const isTest =
    groupBy === undefined
      ? () => false
      : groupsOf(`test:${spec.seed}`, own.categories[groupBy] ?? [])
  return {
    frame: own,
    rows: rowsWhere(
      own.rows,
      (row) => Number.isFinite(own.label?.[row]) && !late.has(placeOf(own, row)) && !isTest(row),
    ),
  }
}

const groupsOf =
  (salt: string, keys: readonly (string | null)[]) =>
  (row: number): boolean =>
    inShare(salt, keys[row] ?? '', TEST_SHARE)

const groupTest = (spec: ModelSpec, keys: readonly (string | null)[]): ((row: number) => boolean) =>
  groupsOf(`validation:${spec.seed}`, keys)

function lastRows(spec: ModelSpec, { frame, rows }: FrameRows): (row: number) => boolean {
  const entity = entityColumn(spec)
  const keys = entity === undefined ? undefined : frame.categories[entity]
  const among = new Set(rows)
  const entities = keys ?? Array.from({ length: frame.rows }, () => '')
  const last = timeSplit(entities, (row) => among.has(row))
  return (row) => last[row] === 1
}
