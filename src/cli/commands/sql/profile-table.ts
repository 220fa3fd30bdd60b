import type { SqlAnswer, TableAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Figures of a column, in the order of the printed table. `empty` counts texts of no length, which are not NULL. */
const figuresSql = (name: string, type: string): string[] => {
  const column = quoted(name)
  const empty = type === 'text' ? `count(*) filter (where ${column} = '')` : '0'
  return [
    `count(*) - count(${column})`,
    empty,
    `count(distinct ${column})`,
    `min(${column})::varchar`,
    `max(${column})::varchar`,
  ]
}
const FIGURES = 5

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
    const figures = own.flatMap((column) => figuresSql(column.name, column.type))
    const sql = `select count(*), ${figures.join(', ')} from ${quoted(name)}`
    const answer = await api.post<SqlAnswer>('/v1/sql', { sql })
    const [rows = 0, ...cells] = answer.rows[0] ?? []
    const profile = own.map((column, index) => {
      const [nulls, empty, distinct, least, greatest] = cells.slice(
        index * FIGURES,
        (index + 1) * FIGURES,
      )
      return { column: column.name, type: column.type, nulls, empty, distinct, least, greatest }
    })
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
