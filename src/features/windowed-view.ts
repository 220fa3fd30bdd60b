/**
 * A windowed view in memory. It keeps the events of its window, only the columns that it needs, and computes all entities
 * anew when it settles: a window forgets, and a state that events leave has no cheap merge.
 *
 * Rows come in the order of their offsets. Those beyond `ends` were stored by a change that was never published; they are
 * removed before the same rows come again.
 */
import { sqlName } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import type { OnlineView } from './online-view.ts'
import { reachedTime } from './reached-time.ts'
import type { CompiledView } from './view-compiler.ts'
import { eventMs, sourceColumns, sqlTypeOf } from './view-source.ts'
import { finalColumns } from './view-sql.ts'
import { windowedSql } from './windowed-sql.ts'

export function createWindowedView(compiled: CompiledView): OnlineView {
  let values: ReadonlyMap<string, Float64Array> = new Map()
  let asOf: number | undefined
  let ends = new Map<number, number>()
  let isStored = false
  let isPending = false
  let isSettled = true
  // The rows are read by `settle` and changed by `prepare`: one at a time.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = turn.then(run, run)
    turn = mine.catch(() => undefined)
    return mine
  }
  return {
    compiled,
    get entities() {
      return values.size
    },
    get: (entity) => values.get(entity),
    keys: () => [...values.keys()],
    asOf: () => asOf,
    prepare: (engine, source) =>
      inTurn(async () => {
        if (!isStored) await createStore(engine, compiled)
        isStored = true
        if (isPending) await removeBeyond(engine, compiled, ends)
        isPending = true
        const next = await store(engine, compiled, source, ends)
        return () => {
          ends = next
          isPending = false
          isSettled = false
        }
      }),
    settle: (engine) =>
      inTurn(async () => {
        if (isSettled) return
        isSettled = true
        try {
          const computed = await compute(engine, compiled)
          values = computed.values
          asOf = computed.asOf
        } catch (error) {
          isSettled = false
          throw error
        }
      }),
  }
}

const storeName = ({ view }: CompiledView): string => sqlName(`${view.name}.recent`)

const columnNames = ({ columns }: CompiledView): string => columns.map(sqlName).join(', ')

async function createStore(engine: SqlEngine, compiled: CompiledView): Promise<void> {
  const { columns, table } = compiled
  const ddl = sourceColumns(table)
    .filter(({ name }) => columns.includes(name))
    .map((column) => `${sqlName(column.name)} ${sqlTypeOf(column)}`)
  await engine.run(`create or replace table ${storeName(compiled)} (${ddl.join(', ')})`)
}

async function removeBeyond(
  engine: SqlEngine,
  compiled: CompiledView,
  ends: ReadonlyMap<number, number>,
): Promise<void> {
  const known = [...ends].map(
    ([partition, end]) => `(_partition = ${partition} and _offset < ${end})`,
  )
  const keep = known.length > 0 ? known.join(' or ') : 'false'
  await engine.run(`delete from ${storeName(compiled)} where not (${keep})`)
}

/** Adds the rows that the window still holds; answers the ends with them. */
async function store(
  engine: SqlEngine,
  compiled: CompiledView,
  source: string,
  ends: ReadonlyMap<number, number>,
): Promise<Map<number, number>> {
  const ms = eventMs(compiled.table)
  const windowMs = compiled.view.windowMs ?? 0
  // Of a few entities' events nothing tells a wrong clock from a right one: they stay until all are looked at together.
  const reached = await reachedTime(engine, compiled.table, compiled.view.entity, source)
  const from = reached?.isWitnessed ? reached.newestMs - windowMs : Number.MIN_SAFE_INTEGER
  await engine.run(`insert into ${storeName(compiled)} by name
    select ${columnNames(compiled)} from (${source}) where ${ms} >= ${from}`)
  const seen = await engine.queryColumns(
    `select CAST(_partition AS DOUBLE) as p, CAST(max(_offset) AS DOUBLE) as o from (${source}) group by 1`,
  )
  const next = new Map(ends)
  const offsets = seen.numbers('o')
  for (const [row, partition] of seen.numbers('p').entries()) {
    next.set(partition, Math.max(next.get(partition) ?? 0, (offsets[row] ?? 0) + 1))
  }
  return next
}

/** Every entity as of the newest event that can be believed; what the window has left behind is dropped. */
async function compute(
  engine: SqlEngine,
  compiled: CompiledView,
): Promise<{ values: Map<string, Float64Array>; asOf: number | undefined }> {
  const ms = eventMs(compiled.table)
  const source = `select ${columnNames(compiled)} from ${storeName(compiled)}`
  const reached = await reachedTime(engine, compiled.table, compiled.view.entity, source)
  if (reached === undefined) return { values: new Map(), asOf: undefined }
  const cutoff = Math.floor(reached.newestMs) + 1
  await engine.run(
    `delete from ${storeName(compiled)} where ${ms} < ${cutoff - (compiled.view.windowMs ?? 0)}`,
  )
  const result = await engine.queryColumns(windowedSql(compiled, source, [cutoff]))
  const columns = finalColumns(compiled).map((_, index) => result.numbers(`v${index}`))
  const values = new Map(
    result.texts('e').map((entity, row): [string, Float64Array] => [
      entity ?? '',
      Float64Array.from(columns, (column) => {
        const value = column[row] ?? Number.NaN
        return Number.isFinite(value) ? value : Number.NaN
      }),
    ]),
  )
  return { values, asOf: reached.newest }
}
