/**
 * What a model says of every entity of its feature views now, as a table for SQL: `churn_scores` of the model `churn`, to be joined
 * to the events by its entity. Made when a query names it, so it is as fresh as `GET /v1/models/{model}/scores`.
 */
import { eventTimeMs, type Column, type ColumnarRows } from '../core/index.ts'
import type { Serving } from '../serving/index.ts'
import type { ModelSpec } from '../training/index.ts'

export interface ScoreTable {
  readonly name: string
  readonly columns: readonly Column[]
  /** Throws SERVING_NOT_READY while the model has no version. */
  rows(): Promise<ColumnarRows>
}

/** @param taken names of tables, which no table of scores hides */
export function scoreTables(
  models: readonly ModelSpec[],
  serving: Pick<Serving, 'scores'>,
  taken: ReadonlySet<string>,
): ScoreTable[] {
  return models.flatMap((spec) => {
    const name = `${spec.name}_scores`
    const entity = entityOf(spec)
    return entity === undefined || taken.has(name) ? [] : [tableOf(name, entity, spec, serving)]
  })
}

/** The column that names the model's entities; undefined for one that scores rows, or entities of several kinds. */
function entityOf({ task, inputs }: ModelSpec): string | undefined {
  if (task !== 'classifier' && task !== 'regressor') return undefined
  const keys = new Set([...inputs.views.map(({ entity }) => entity), ...inputs.categories])
  const isOne = keys.size === 1 && inputs.views.length > 0 && inputs.columns.length === 0
  return isOne ? [...keys][0] : undefined
}

function tableOf(
  name: string,
  entity: string,
  { name: model, task }: ModelSpec,
  serving: Pick<Serving, 'scores'>,
): ScoreTable {
  const columns: Column[] = [
    { name: entity, type: 'text', nullable: false },
    task === 'classifier'
      ? { name: 'probability', type: 'double', nullable: true }
      : { name: 'value', type: 'double', nullable: true },
    { name: 'version', type: 'integer', nullable: false },
    { name: 'as_of', type: 'timestamp', nullable: true },
  ]
  return {
    name,
    columns,
    async rows() {
      const { scores, version, dataAsOf } = await serving.scores(model)
      const asOf = eventTimeMs(dataAsOf) ?? null
      return {
        columns,
        length: scores.length,
        values: [
          scores.map((score) => score.entity),
          scores.map(({ probability, value }) => probability ?? value ?? null),
          scores.map(() => version),
          scores.map(() => asOf),
        ],
      }
    },
  }
}
