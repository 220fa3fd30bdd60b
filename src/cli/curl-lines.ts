/**
 * Three lines that work when pasted: predictions for entities that the stream has shown, by the app's own routes first. Each
 * is tried before it is printed, so a line that is shown has answered 200 a moment ago.
 */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { RunningApp } from '../app/index.ts'

const LINES = 3

interface Call {
  readonly path: string
  readonly body: unknown
}

export async function curlLines(
  app: RunningApp,
  server: FastifyInstance,
  url: string,
): Promise<string[]> {
  const lines: string[] = []
  for await (const call of candidates(app)) {
    const response = await server.inject({
      method: 'POST',
      url: call.path,
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: JSON.stringify(call.body),
    })
    if (response.statusCode !== 200) continue
    const body = JSON.stringify(call.body).replaceAll("'", String.raw`'\''`)
    lines.push(`curl -s ${url}${call.path} -H 'content-type: application/json' -d '${body}'`)
    if (lines.length === LINES) break
  }
  return lines
}

async function* candidates(app: RunningApp): AsyncGenerator<Call, void, undefined> {
  const tables = new Map<string, Record<string, unknown> | undefined>()
  const sample = async (table: string): Promise<Record<string, unknown> | undefined> => {
    if (!tables.has(table)) tables.set(table, await newestRow(app, table))
    return tables.get(table)
  }
  const models = [...app.models.values()].filter(({ name }) =>
    app.serving.live().some(({ model }) => model === name),
  )
  for (const route of app.definition.routes ?? []) {
    if (route.method !== 'POST' || route.body === undefined || route.path.includes(':')) continue
    for (const { table } of models) {
      const row = await sample(table)
      const body = row && bodyFor(route.body, row)
      if (body !== undefined) {
        yield { path: route.path, body }
        break
      }
    }
  }
  for (const { name, table, inputs } of models) {
    const row = await sample(table)
    if (!row) continue
    const columns = [
      ...inputs.views.map(({ entity }) => entity),
      ...inputs.columns,
      ...inputs.categories,
    ]
    const body = Object.fromEntries([...new Set(columns)].map((column) => [column, row[column]]))
    yield { path: `/v1/models/${name}/predict`, body }
  }
}

async function newestRow(
  app: RunningApp,
  table: string,
): Promise<Record<string, unknown> | undefined> {
  const name = `"${table.replaceAll('"', '""')}"`
  const { columns, rows } = await app.query.run(`select * from ${name} limit 1`)
  const [row] = rows
  return row && Object.fromEntries(columns.map((column, at) => [column.name, row[at]]))
}

/** A body of the fields that an object schema names, taken from the row; undefined when the schema does not take it. */
export function bodyFor(schema: z.ZodType, row: Record<string, unknown>): unknown {
  for (const branch of objectsOf(schema)) {
    const fields = Object.keys(branch.shape).filter((field) => field in row)
    const body = Object.fromEntries(fields.map((field) => [field, row[field]]))
    if (fields.length > 0 && schema.safeParse(body).success) return body
  }
  return undefined
}

function objectsOf(schema: z.ZodType): z.ZodObject[] {
  if (schema instanceof z.ZodObject) return [schema]
  if (schema instanceof z.ZodUnion) {
    return (schema.options as readonly z.ZodType[]).flatMap((option) => objectsOf(option))
  }
  return []
}
