import { sqlName } from '../../../core/index.ts'
import type { SqlAnswer, TableAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'

/** Figures of a column, in the order of the printed table. `empty` counts texts of no length, which are not NULL. */
const figuresSql = (name: string, type: string): string[] => {
  const column = sqlName(name)
  const empty = type === 'text' ? `count(*) filter (where ${column} = '')` : '0'
  return [
    `count(*) - count(${column})`,
    empty,
    `count(distinct ${column})`,
    `min(${column})::varchar`,
    `max(${column})::varchar`,
  ]
}

interface Profile {
  readonly column: string
  readonly type: string
  readonly nulls: unknown
  readonly empty: unknown
  readonly distinct: unknown
  readonly least: unknown
  readonly greatest: unknown
}

export const profileTable = defineCommand({
  name: 'tables profile',
  summary: 'rows, and for each column: nulls, empty texts, distinct values, least, greatest',
  arguments: [{ name: '<table>', description: 'name' }],
  examples: ['millrace tables profile ratings'],
  async run({ args }, { output, connect }) {
    const api = await connect('read')
    const name = argument(args, 0)
    const { columns } = await api.get<TableAnswer>(path`/v1/tables/${name}`)
    const own = columns.filter((column) => !column.name.startsWith('_'))
    const from = `from ${sqlName(name)}`
    const ask = async (figures: string): Promise<readonly unknown[]> => {
      const { rows } = await api.post<SqlAnswer>('/v1/sql', { sql: `select ${figures} ${from}` })
      return rows[0] ?? []
    }
    const [rows = 0] = await ask('count(*)')
    const profile: Profile[] = []
    // A column at a time: distinct values of all at once would stand in the query's memory together.
    for (const { name: column, type } of own) {
      const figures = await ask(figuresSql(column, type).join(', '))
      const [nulls, empty, distinct, least, greatest] = figures
      profile.push({ column, type, nulls, empty, distinct, least, greatest })
    }
    await output.data({ table: name, rows, columns: profile }, () => {
      output.line(`${name}: ${Number(rows)} rows`)
      return output.table(
        ['COLUMN', 'TYPE', 'NULLS', 'EMPTY', 'DISTINCT', 'LEAST', 'GREATEST'],
        profile.map((one) => [
          one.column,
          one.type,
          Number(one.nulls),
          Number(one.empty),
          Number(one.distinct),
          short(one.least),
          short(one.greatest),
        ]),
      )
    })
  },
})

/** Longest text of a cell. */
const SHOWN = 24

function short(cell: unknown): string | null {
  if (cell === null || cell === undefined) return null
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell)
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text
}
