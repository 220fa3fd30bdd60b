/** Checks of a recommender: its columns, its catalogue, its kind's parameters come later, when the kind is opened. */
import { checkName, columnsOf, escapePointer, type ColumnType } from '../../core/index.ts'
import { parseExpression } from '../../serving/index.ts'
import type { AppDefinition, RecommenderDefinition } from '../define-app.ts'
import { onlyTable, tablesOf } from './app-tables.ts'
import { checkDuration, namesOf, reportErrors, type Report } from './issue-report.ts'

/** Ids are names: a fraction, a truth value or a moment is none. */
const ID_TYPES: readonly ColumnType[] = ['text', 'integer', 'int64']
const NUMBER_TYPES: readonly ColumnType[] = ['integer', 'int64', 'double']

export function checkRecommender(
  app: AppDefinition,
  model: RecommenderDefinition,
  path: string,
  report: Report,
): void {
  checkRefresh(model, path, report)
  const tables = tablesOf(app)
  if (model.from !== undefined && !tables.includes(model.from)) {
    report(`${path}/from`, `"${model.from}" is no table of the app: use ${namesOf(tables)}`)
    return
  }
  const table = model.from ?? onlyTable(app, model)
  if (table === undefined) {
    report(`${path}/from`, `is needed when the app has several tables: use ${namesOf(tables)}`)
    return
  }
  const check = columnChecker(app, report)
  check(table, model.user, ID_TYPES, `${path}/user`)
  check(table, model.item, ID_TYPES, `${path}/item`)
  if (model.value !== undefined) check(table, model.value, NUMBER_TYPES, `${path}/value`)
  if (model.attribution !== undefined)
    check(table, model.attribution, ['text'], `${path}/attribution`)
  for (const [name, { filter, boost }] of Object.entries(model.scenarios ?? {})) {
    const own = `${path}/scenarios/${escapePointer(name)}`
    reportErrors(report, own, () => checkName(name, 'scenario name'))
    for (const [field, text] of Object.entries({ filter, boost }))
      if (text !== undefined)
        reportErrors(report, `${own}/${field}`, () => parseExpression(text, field))
  }
  if (model.catalog) {
    const { from, id = model.item } = model.catalog
    if (!tables.includes(from)) {
      report(`${path}/catalog/from`, `"${from}" is no table of the app: use ${namesOf(tables)}`)
    } else check(from, id, ID_TYPES, `${path}/catalog/id`)
  }
}

function checkRefresh({ retrain, set }: RecommenderDefinition, path: string, report: Report): void {
  const refresh = retrain?.refresh
  if (!refresh) return
  const own = `${path}/retrain/refresh`
  checkDuration(refresh.every, `${own}/every`, report)
  if (Object.values(refresh).every((value) => value === undefined)) {
    report(own, 'says nothing of when: write { batches: 1 }, { rows: 1000 } or { every: "10m" }')
  }
  if (set?.scheme === 'disjoint') {
    report(own, 'goes on from the set before, and disjoint sets begin anew: choose another set')
  }
}

function columnChecker(app: AppDefinition, report: Report) {
  return (table: string, name: string, types: readonly ColumnType[], path: string): void => {
    const schema = app.topics[table]?.schema
    const columns = schema ? columnsOf(schema) : []
    const column = columns.find((known) => known.name === name)
    if (!column) {
      report(
        path,
        `"${name}" is no column of table "${table}": use ${namesOf(columns.map((known) => known.name))}`,
      )
    } else if (!types.includes(column.type)) {
      report(path, `"${name}" is a ${column.type} column: use one of type ${namesOf(types)}`)
    }
  }
}
