/**
 * One view in memory. New rows become mergeable parts, one group per entity they touch; the parts are merged into the
 * entities' states; the final expressions run over the touched entities only. History is never read again (F4).
 *
 * A change is prepared first and published in one synchronous step, so a failure in between leaves everything as it was
 * and the same rows can be taken again.
 */
import { type Cell, type ColumnarRows, sqlName } from '../core/index.ts'
import type { ColumnResult, SqlEngine } from '../sql/index.ts'
import { aggregateKinds, type StateCell } from './aggregate-kinds.ts'
import type { CompiledView } from './view-compiler.ts'
import { aggregateColumn } from './view-source.ts'
import {
  cellTypeOf,
  entityColumnOf,
  finalColumns,
  inputColumns,
  partColumns,
  whereColumnOf,
} from './view-sql.ts'
import { decode } from './view-types.ts'

export interface OnlineView {
  readonly compiled: CompiledView
  readonly entities: number
  get(entity: string): Float64Array | undefined
  keys(): readonly string[]
  /** Computes what the rows of `source` (a SELECT of the table's columns) change; the answer publishes it. */
  prepare(engine: SqlEngine, source: string): Promise<() => void>
  /** Brings what is computed only now and then up to what was published. */
  settle?(engine: SqlEngine): Promise<void>
  /** Event time, as its column has it, that the values are as of; undefined where that is the newest event's. */
  asOf?(): number | undefined
}

export function createOnlineView(compiled: CompiledView): OnlineView {
  const states = new Map<string, StateCell[]>()
  const values = new Map<string, Float64Array>()
  return {
    compiled,
    get entities() {
      return values.size
    },
    get: (entity) => values.get(entity),
    keys: () => [...values.keys()],
    async prepare(engine, source) {
      const parts = await engine.queryColumns(partsSql(compiled, source))
      if (parts.length === 0) return () => {}
      const touched = mergeParts(compiled, parts, states)
      const features = await finalValues(engine, compiled, [...touched.values()])
      return () => {
        let row = 0
        for (const [entity, state] of touched) {
          states.set(entity, state)
          values.set(entity, features[row++] ?? new Float64Array(0))
        }
      }
    },
  }
}

function partsSql(compiled: CompiledView, source: string): string {
  const entity = entityColumnOf(compiled)
  const parts = partColumns(compiled).flat()
  const columns = [`${entity} as e`, ...parts.map(({ sql }, index) => `${sql} as p${index}`)]
  return `with inputs as (select ${inputColumns(compiled.table, [compiled]).join(',\n')} from (${source}))
    select ${columns.join(',\n')} from inputs
    where ${entity} is not null and ${whereColumnOf(compiled)} group by ${entity}`
}

/** The states of the touched entities with the parts merged in: copies, the held states stay as they are. */
function mergeParts(
  compiled: CompiledView,
  parts: ColumnResult,
  states: ReadonlyMap<string, readonly StateCell[]>,
): Map<string, StateCell[]> {
  const kinds = compiled.aggregates.map(({ kind }) => aggregateKinds[kind])
  const width = kinds.reduce((sum, kind) => sum + kind.width, 0)
  const columns = readParts(compiled, parts)
  const touched = new Map<string, StateCell[]>()
  for (const [row, entity] of parts.texts('e').entries()) {
    if (entity === null) continue
    const state = states.get(entity)?.slice() ?? Array.from({ length: width }, () => null)
    let at = 0
    for (const [index, kind] of kinds.entries()) {
      kind.merge(
        state,
        at,
        (columns[index] ?? []).map((column) => column(row)),
      )
      at += kind.width
    }
    touched.set(entity, state)
  }
  return touched
}

/** Per aggregate and part, the cell of a row. */
function readParts(compiled: CompiledView, parts: ColumnResult): ((row: number) => StateCell)[][] {
  let next = 0
  return partColumns(compiled).map((columns) =>
    columns.map(({ cell }) => {
      const name = `p${next++}`
      if (cell === 'text') {
        const texts = parts.texts(name)
        return (row: number) => texts[row] ?? null
      }
      const numbers = parts.numbers(name)
      return (row: number) => {
        const value = numbers[row] ?? Number.NaN
        return Number.isNaN(value) ? null : value
      }
    }),
  )
}

/** The features of each state, by the engine: the same expressions as in training. */
async function finalValues(
  engine: SqlEngine,
  compiled: CompiledView,
  states: readonly (readonly StateCell[])[],
): Promise<Float64Array[]> {
  const name = `${compiled.view.name}.touched`
  const rows = aggregateRows(compiled, states)
  const ddl = rows.columns.map((column) => {
    const type = column.type === 'text' ? 'VARCHAR' : 'DOUBLE'
    return `${sqlName(column.name)} ${type}`
  })
  await engine.run(`create or replace table ${sqlName(name)} (${ddl.join(', ')})`)
  await engine.append(name, rows)
  const decoded = compiled.aggregates.map(({ type }, index) => {
    const column = sqlName(aggregateColumn(compiled.view.name, index))
    return `${decode(column, type)} as ${column}`
  })
  const finals = finalColumns(compiled).map((sql, index) => `${sql} as v${index}`)
  const result = await engine.queryColumns(
    `select ${finals.join(',\n')} from (select i, ${decoded.join(',\n')} from ${sqlName(name)}) order by i`,
  )
  const columns = finals.map((_, index) => result.numbers(`v${index}`))
  return states.map((_, row) =>
    Float64Array.from(columns, (column) => {
      const value = column[row] ?? Number.NaN
      return Number.isFinite(value) ? value : Number.NaN
    }),
  )
}

/** The value of every aggregate of every state, as rows for the engine; `i` keeps their order. */
function aggregateRows(
  compiled: CompiledView,
  states: readonly (readonly StateCell[])[],
): ColumnarRows {
  const columns: { name: string; type: 'text' | 'double'; nullable: boolean }[] = [
    { name: 'i', type: 'double', nullable: false },
  ]
  const values: Cell[][] = [states.map((_, index) => index)]
  let at = 0
  for (const [index, aggregate] of compiled.aggregates.entries()) {
    const kind = aggregateKinds[aggregate.kind]
    const start = at
    columns.push({
      name: aggregateColumn(compiled.view.name, index),
      type: cellTypeOf(compiled, aggregate) === 'text' ? 'text' : 'double',
      nullable: true,
    })
    values.push(states.map((state) => kind.value(state, start)))
    at += kind.width
  }
  return { columns, length: states.length, values }
}
