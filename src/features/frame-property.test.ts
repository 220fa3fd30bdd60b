/** Any view over any rows, against the view's own SQL over exactly the rows that may be seen. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSqlEngine, type SqlEngine } from '../sql/index.ts'
import type { AsOf, FeatureTable } from './feature-view.ts'
import { createFrameBuilder } from './frame-builder.ts'

let engine: SqlEngine
let folder: string
let files = 0
const builder = createFrameBuilder()

beforeAll(async () => {
  engine = await openSqlEngine()
  folder = await mkdtemp(join(tmpdir(), 'millrace-frames-'))
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const table: FeatureTable = {
  name: 'ratings',
  topic: 'ratings',
  eventTime: 'timestamp',
  columns: [
    { name: 'userId', type: 'integer', nullable: true },
    { name: 'movieId', type: 'text', nullable: false },
    { name: 'rating', type: 'double', nullable: true },
    { name: 'timestamp', type: 'integer', nullable: false },
    { name: 'seenAt', type: 'timestamp', nullable: true },
  ],
}

type Row = readonly [user: number | null, movie: string, rating: number | null, timestamp: number]
const COLUMNS = 'userId, movieId, rating, timestamp, _partition, _offset, seenAt'

/** SQL of the rows as a relation; the offset is the row's index. */
function relation(rows: readonly Row[]): string {
  const values = rows.map(
    ([user, movie, rating, timestamp], offset) =>
      `(${user}::bigint, '${movie}', ${rating}::double, ${timestamp}::bigint, 0::integer, ${offset}::bigint, to_timestamp(${timestamp}))`,
  )
  return `(values ${values.join(', ')}) t(${COLUMNS})`
}

async function parquet(rows: readonly Row[]): Promise<string> {
  const file = join(folder, `${files++}.parquet`)
  await engine.run(
    `copy (select * from ${relation(rows)}) to '${file}' (format parquet, compression zstd)`,
  )
  return file
}

/** The view's own SQL over exactly the rows that may be seen. */
async function direct(
  visible: readonly Row[],
  sql: string,
  key: string,
  entity: unknown,
): Promise<number[]> {
  const result = await engine.query(
    `with ratings as (select * from ${relation(visible)}) select * from (${sql}) where ${key}::varchar = $1`,
    { params: [String(entity)] },
  )
  const [row] = result.rows
  return (row ?? []).slice(1).map((value) => (value === null ? Number.NaN : Number(value)))
}

const aggregate = fc
  .tuple(
    fc.constantFrom(
      'count(*)',
      'count(rating)',
      'sum(rating)',
      'avg(rating)',
      'min(rating)',
      'max(rating)',
      'stddev(rating)',
      'stddev_pop(rating)',
      'var_samp(rating)',
      'variance(rating)',
      'var_pop(rating)',
      'length(max(movieId))',
      'epoch(max(seenAt))',
      'length(arg_max(movieId, (timestamp * 1000 + _offset)))',
      'arg_min(rating, (timestamp * 1000 + _offset))',
    ),
    fc.constantFrom('', ' filter (where rating > 2)', ` filter (where movieId = 'b')`),
  )
  .map(([call, filter]) =>
    /^\w+\(.*\)$/.test(call) && !/^(length|epoch)/.test(call) ? `${call}${filter}` : call,
  )
const view = fc.record({
  features: fc.array(
    fc.oneof(
      aggregate,
      fc.tuple(aggregate, aggregate).map(([a, b]) => `(${a} + 1.5) / (${b} + 10)`),
      aggregate.map((a) => `case when coalesce(${a}, 0) > 2 then 1 else 0 end`),
    ),
    { minLength: 1, maxLength: 4 },
  ),
  where: fc.constantFrom('', 'where rating is not null', `where movieId <> 'c'`),
  key: fc.constantFrom('userId', 'movieId'),
})
const rowsOfTable = fc.array(
  fc.tuple(
    fc.constantFrom(null, 1, 2, 3),
    fc.constantFrom('a', 'b', 'c', 'dd'),
    fc.constantFrom(null, 0.5, 1, 2.5, 4, 5),
    fc.integer({ min: 1, max: 12 }),
  ),
  { minLength: 1, maxLength: 14 },
)

/** What the view itself says for each row, in event order, as the frame has them. */
async function expected(
  rows: readonly Row[],
  sql: string,
  key: 'userId' | 'movieId',
  asOf: AsOf,
): Promise<{ offset: number; features: number[] }[]> {
  const offsets = [...rows.keys()].toSorted((a, b) => rows[a]![3] - rows[b]![3] || a - b)
  const result: { offset: number; features: number[] }[] = []
  for (const [index, offset] of offsets.entries()) {
    const before = new Set(offsets.slice(0, index))
    const isVisible = (other: number): boolean =>
      asOf === 'end' || (asOf === 'others' ? other !== offset : before.has(other))
    // Rows that may not be seen become rows of nobody, so that offsets stay as they are.
    const visible = rows.map((row, other): Row =>
      isVisible(other) ? row : [null, 'nobody', row[2], row[3]],
    )
    const entity = rows[offset]![key === 'userId' ? 0 : 1]
    const features = entity === null ? [] : await direct(visible, sql, key, entity)
    result.push({ offset, features })
  }
  return result
}

const isClose = (actual: number, wanted: number): boolean =>
  Number.isNaN(actual)
    ? !Number.isFinite(wanted)
    : Math.abs(actual - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted))

test('a frame equals the view itself over the rows that may be seen', async () => {
  const asked = process.env['MILLRACE_TEST_SEED']
  const seed = asked === undefined ? {} : { seed: Number(asked) }
  const property = fc.asyncProperty(
    view,
    rowsOfTable,
    fc.constantFrom<AsOf>('row', 'others', 'end'),
    async ({ features, where, key }, rows, asOf) => {
      const list = features.map((text, index) => `${text} as f${index}`).join(', ')
      const sql = `select ${key}, ${list} from ratings ${where} group by ${key}`
      const views = [{ name: 'v', sql }]
      const frame = await builder.frame(engine, {
        table,
        files: [await parquet(rows)],
        views,
        asOf,
      })
      const wanted = await expected(rows, sql, key, asOf)
      expect([...frame.offset]).toEqual(wanted.map(({ offset }) => offset))
      for (const [row, { offset, features: values }] of wanted.entries()) {
        for (let f = 0; f < features.length; f++) {
          const actual = frame.values[row * features.length + f] ?? Number.NaN
          const value = values[f] ?? Number.NaN
          const what = `${sql}\nrow ${offset} ${asOf}: f${f} is ${actual}, not ${value}`
          expect(isClose(actual, value), what).toBe(true)
        }
      }
    },
  )
  // A failure prints its seed; MILLRACE_TEST_SEED runs it again.
  await fc.assert(property, { numRuns: 40, ...seed })
}, 60_000)
