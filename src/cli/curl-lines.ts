/**
 * Three lines that work when pasted: lists for a user that the stream has shown, and predictions, by the app's own routes first. Each
 * is tried before it is printed, so a line that is shown has answered 200 a moment ago.
 */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { RunningApp } from '../app/index.ts'
import { sqlName } from '../core/index.ts'

const LINES = 3

type Row = Readonly<Record<string, unknown>>

interface Candidate {
  readonly path: string
  /** The shortest first; the first that is answered with 200 is shown. */
  readonly bodies: readonly Row[]
}

export async function curlLines(
  app: RunningApp,
  server: FastifyInstance,
  url: string,
): Promise<string[]> {
  const lines: string[] = []
  for (const path of await lists(app)) {
    const { statusCode } = await server.inject({ url: path, headers: { host: 'localhost' } })
    if (statusCode === 200) lines.push(`curl -s ${url}${path}`)
  }
  for (const { path, bodies } of await candidates(app)) {
    if (lines.length >= LINES) break
    for (const body of bodies) {
      const payload = JSON.stringify(body)
      if (!(await isAnswered(server, path, payload))) continue
      const quoted = payload.replaceAll("'", String.raw`'\''`)
      lines.push(`curl -s ${url}${path} -H 'content-type: application/json' -d '${quoted}'`)
      break
    }
  }
  return lines
}

async function isAnswered(
  server: FastifyInstance,
  path: string,
  payload: string,
): Promise<boolean> {
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  const response = await server.inject({ method: 'POST', url: path, headers, payload })
  return response.statusCode === 200
}

const isRecommender = (app: RunningApp, model: string): boolean =>
  app.definition.models?.[model]?.task === 'recommender'

/** A list of each recommender that serves, for a user of the stream. */
async function lists(app: RunningApp): Promise<string[]> {
  const paths: string[] = []
  for (const { model } of app.serving.live()) {
    const definition = app.definition.models?.[model]
    if (definition?.task !== 'recommender') continue
    const table = app.models.get(model)?.table
    const row = table === undefined ? undefined : await oldestRow(app, table)
    const user = row?.[definition.user]
    if (typeof user !== 'string' && typeof user !== 'number') continue
    paths.push(`/v1/recommendations/${encodeURIComponent(String(user))}?limit=5`)
  }
  return paths.slice(0, LINES)
}

async function candidates(app: RunningApp): Promise<Candidate[]> {
  const live = new Set(
    app.serving.live().flatMap(({ model }) => (isRecommender(app, model) ? [] : [model])),
  )
  const samples: {
    readonly model: string
    readonly row: Row
    readonly inputs: readonly string[]
  }[] = []
  for (const { name, table, inputs } of app.models.values()) {
    const row = live.has(name) ? await oldestRow(app, table) : undefined
    const entities = inputs.views.map(({ entity }) => entity)
    const columns = new Set([...entities, ...inputs.columns, ...inputs.categories])
    if (row) samples.push({ model: name, row, inputs: [...columns] })
  }
  const shortestFirst = samples.toSorted((a, b) => a.inputs.length - b.inputs.length)
  const own = (app.definition.routes ?? [])
    .filter(({ method, body, path }) => method === 'POST' && body && !path.includes(':'))
    .map(({ path, body }) => ({
      path,
      bodies: [
        ...shortestFirst.map(({ row, inputs }) => pick(row, inputs)),
        ...shortestFirst.map(({ row }) => pick(row, fieldsOf(body))),
      ].filter((candidate) => body?.safeParse(candidate).success),
    }))
  const models = samples.map(({ model, row, inputs }) => ({
    path: `/v1/models/${model}/predict`,
    bodies: [pick(row, inputs)],
  }))
  return [...own, ...models]
}

const pick = (row: Row, fields: readonly string[]): Row =>
  Object.fromEntries(fields.filter((field) => field in row).map((field) => [field, row[field]]))

async function oldestRow(app: RunningApp, table: string): Promise<Row | undefined> {
  const sql = `select * from ${sqlName(table)} order by _offset limit 1`
  const { columns, rows } = await app.query.run(sql)
  const [row] = rows
  return row && Object.fromEntries(columns.map((column, at) => [column.name, row[at]]))
}

/** The fields that a body's schema names, in any branch. */
function fieldsOf(schema: z.ZodType | undefined): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  if (schema instanceof z.ZodUnion) {
    return (schema.options as readonly z.ZodType[]).flatMap((option) => fieldsOf(option))
  }
  return []
}
