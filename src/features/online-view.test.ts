import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../kernels/index.ts'
import { openSqlEngine, type SqlEngine } from '../sql/index.ts'
import type { FeatureTable } from './feature-view.ts'
import { createFrameBuilder } from './frame-builder.ts'
import { createOnlineView, type OnlineView } from './online-view.ts'
import { compileFeatureView } from './view-compiler.ts'

let engine: SqlEngine
let folder: string
beforeAll(async () => {
  engine = await openSqlEngine()
  folder = await mkdtemp(join(tmpdir(), 'millrace-online-'))
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const table: FeatureTable = {
  name: 'ratings',
  topic: 'ratings',
  eventTime: 'at_ms',
  columns: [
    { name: 'userId', type: 'integer', nullable: true },
    { name: 'rating', type: 'double', nullable: true },
    { name: 'tag', type: 'text', nullable: true },
    { name: 'seenAt', type: 'timestamp', nullable: true },
    { name: 'at_ms', type: 'double', nullable: true },
  ],
}
/** Every aggregate and every type that travels. */
const EVERYTHING = `select userId, count(*) as n, count(tag) as tags, count_if(rating >= 4) / count(*) as likes,
  sum(rating) as total, avg(rating) as mean, min(rating) as low, max(rating) as high,
  stddev(rating) as sd, stddev_pop(rating) as sd_pop, var_samp(rating) as var, var_pop(rating) as var_pop,
  sum(rating) filter (where tag <> 'a') as not_a, max(rating > 4) as loved, length(min(tag)) as shortest,
  length(arg_max(tag, rating)) as best_tag, arg_min(rating, seenAt) as earliest, arg_max(rating, tag) as by_tag,
  first(rating) as first, last(rating) as last, case when last(tag) = 'bb' then 1 else 0 end as ended_bb,
  epoch(max(seenAt)) - epoch(min(seenAt)) as span, sum(at_ms) % 7 as odd, ln(sum(rating)) as log_total
  from ratings where rating is null or rating <> 3 group by userId`

type Row = readonly (string | number | null)[]
const NAMES = 'userId, rating, tag, seenAt, at_ms, _partition, _offset'

function source(rows: readonly Row[]): string {
  const values = rows.map(([user, rating, tag, seen, at, partition, offset]) => {
    const text = tag === null ? 'null' : `'${tag}'`
    return `(${user}::bigint, ${rating}::double, ${text}::varchar, to_timestamp(${seen}::double), ${at}::double, ${partition}::integer, ${offset}::bigint)`
  })
  return `select * from (values ${values.join(', ')}) t(${NAMES})`
}

/** Rows in no order of time, with ties, missing values and two partitions. */
function randomRows(seed: number, count: number): Row[] {
  const random = createRandom(seed)
  const pick = <T>(values: readonly T[]): T => values[random.int(values.length)]!
  const next = [0, 0]
  return Array.from({ length: count }, () => {
    const partition = random.int(2)
    return [
      pick([null, 1, 2, 3, 4, 5, 1, 1, 1]),
      pick([null, 0.1, 0.7, 1, 2.5, 3, 4, 4.5, 5]),
      pick([null, 'a', 'bb', 'ccc', 'é', '\u{1F600}', '\uFFFD']),
      pick([null, random.int(1_000) + 0.25]),
      pick([null, random.int(50), random.int(50)]),
      partition,
      next[partition]!++,
    ]
  })
}

async function onlineView(sql: string): Promise<OnlineView> {
  return createOnlineView(await compileFeatureView(engine, { name: 'user', sql }, table))
}

async function take(view: OnlineView, rows: readonly Row[]): Promise<void> {
  if (rows.length > 0) (await view.prepare(engine, source(rows)))()
}

let files = 0
async function offline(sql: string, rows: readonly Row[]) {
  const file = join(folder, `${files++}.parquet`)
  await engine.run(`copy (${source(rows)}) to '${file}' (format parquet)`)
  const request = { table, files: [file], views: [{ name: 'user', sql }] }
  return createFrameBuilder().entities(engine, request, 'user')
}

function expectClose(actual: Float64Array | undefined, wanted: Float64Array, what: string): void {
  expect(actual, what).toBeDefined()
  for (const [index, value] of wanted.entries()) {
    const got = actual?.[index] ?? Number.NaN
    const same =
      Number.isNaN(value) === Number.isNaN(got) &&
      !(Math.abs(got - value) > 1e-9 * Math.max(1, Math.abs(value)))
    expect(same, `${what}, feature ${index}: ${got} instead of ${value}`).toBe(true)
  }
}

describe('merging equals computing at once', () => {
  test.each([11, 22])('seed %i: any cut of the rows into runs', async (seed) => {
    const rows = randomRows(seed, 400)
    const random = createRandom(seed + 1)
    const view = await onlineView(EVERYTHING)
    for (let start = 0; start < rows.length;) {
      const length = 1 + random.int(40)
      await take(view, rows.slice(start, start + length))
      start += length
    }
    const wanted = await offline(EVERYTHING, rows)
    expect(wanted.rows).toBe(5)
    expect(view.entities).toBe(5)
    const width = wanted.names.length
    for (const [row, key] of wanted.keys.entries()) {
      const values = wanted.values.subarray(row * width, (row + 1) * width)
      expectClose(view.get(key), values, `seed ${seed}, entity ${key}`)
    }
  })

  test('a hundred runs over close values far from zero keep their variance', async () => {
    const rows = Array.from({ length: 500 }, (_, i): Row => [
      1,
      1e9 + (i % 10) / 8,
      'a',
      1,
      i,
      0,
      i,
    ])
    const sql = 'select userId, stddev(rating) as sd, avg(rating) as mean from ratings group by 1'
    const view = await onlineView(sql)
    for (let start = 0; start < 500; start += 5) await take(view, rows.slice(start, start + 5))
    const mean = rows.reduce((sum, row) => sum + (Number(row[1]) - 1e9), 0) / 500
    const squares = rows.reduce((sum, row) => sum + (Number(row[1]) - 1e9 - mean) ** 2, 0)
    expect(view.get('1')?.[0]).toBeCloseTo(Math.sqrt(squares / 499), 8)
    expect(view.get('1')?.[1]).toBeCloseTo(1e9 + mean, 6)
  })

  test('sums keep what a plain sum would lose', async () => {
    const view = await onlineView('select userId, sum(rating) as s from ratings group by 1')
    const values = [1e16, ...Array.from({ length: 20 }, () => 1), -1e16]
    for (const [i, value] of values.entries()) await take(view, [[1, value, 'a', 1, i, 0, i]])
    expect(view.get('1')?.[0]).toBe(20)
  })
})

test('rows that are no events of the view change nothing', async () => {
  const view = await onlineView(
    'select userId, count(*) as n from ratings where rating > 3 group by 1',
  )
  await take(view, [
    [1, 2, 'a', 1, 1, 0, 0],
    [null, 5, 'a', 1, 1, 0, 1],
    [2, 5, 'a', 1, 1, 0, 2],
  ])
  expect(view.get('1')).toBeUndefined()
  expect(view.get('null')).toBeUndefined()
  expect(view.get('2')).toEqual(Float64Array.from([1]))
  expect(view.entities).toBe(1)
})

test('what is prepared and not published can be prepared again', async () => {
  const view = await onlineView('select userId, sum(rating) as s from ratings group by 1')
  await take(view, [[1, 4, 'a', 1, 1, 0, 0]])
  const more = source([[1, 5, 'a', 1, 1, 0, 1]])
  await view.prepare(engine, more)
  expect(view.get('1')).toEqual(Float64Array.from([4]))
  const publish = await view.prepare(engine, more)
  publish()
  expect(view.get('1')).toEqual(Float64Array.from([9]))
})

test('F4: a run costs by its rows, not by the entities that are held', async () => {
  const view = await onlineView(EVERYTHING)
  const many = (count: number, from: number): string =>
    `select i % 20000 as userId, (i % 10) / 2 as rating, 'a' as tag, to_timestamp(i) as "seenAt", i::double as at_ms, 0 as _partition, i as _offset from range(${from}, ${from + count}) t(i)`
  const timed = async (sql: string): Promise<number> => {
    const start = performance.now()
    ;(await view.prepare(engine, sql))()
    return performance.now() - start
  }
  const median = async (from: number): Promise<number> => {
    const times: number[] = []
    for (let run = 0; run < 5; run++) times.push(await timed(many(200, from + run * 200)))
    return times.toSorted((a, b) => a - b)[2]!
  }
  const empty = await median(0)
  await timed(many(40_000, 0))
  expect(view.entities).toBe(18_000)
  const full = await median(0)
  // 18,000 entities against 180 would be 100 times the cost if the state were read again.
  expect(full, `${full} ms with history, ${empty} ms without`).toBeLessThan(empty * 5 + 20)
})
