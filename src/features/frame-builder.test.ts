import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSqlEngine, type SqlEngine } from '../sql/index.ts'
import type { AsOf, FeatureTable, Frame, FrameRequest } from './feature-view.ts'
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

type Row = readonly [
  user: number | null,
  movie: string,
  rating: number | null,
  timestamp: number,
  partition?: number,
]
const COLUMNS = 'userId, movieId, rating, timestamp, _partition, _offset, seenAt'

/** SQL of the rows as a relation; the offset is the row's index. */
function relation(rows: readonly Row[]): string {
  const values = rows.map(
    ([user, movie, rating, timestamp, partition = 0], offset) =>
      `(${user}::bigint, '${movie}', ${rating}::double, ${timestamp}::bigint, ${partition}::integer, ${offset}::bigint, to_timestamp(${timestamp}))`,
  )
  return values.length === 0
    ? `(select * from (values (1::bigint, '', 1::double, 1::bigint, 0::integer, 0::bigint, to_timestamp(0))) t(${COLUMNS}) where false)`
    : `(values ${values.join(', ')}) t(${COLUMNS})`
}

async function parquet(rows: readonly Row[]): Promise<string> {
  const file = join(folder, `${files++}.parquet`)
  await engine.run(
    `copy (select * from ${relation(rows)}) to '${file}' (format parquet, compression zstd)`,
  )
  return file
}

async function frame(
  rows: readonly Row[],
  sql: string,
  more: Partial<FrameRequest> & { asOf: AsOf },
): Promise<Frame> {
  const views = [{ name: 'user', sql }]
  return builder.frame(engine, { table, files: [await parquet(rows)], views, ...more })
}

const column = (result: Frame, name: string): number[] => {
  const index = result.names.indexOf(name)
  return Array.from(
    { length: result.rows },
    (_, row) => result.values[row * result.names.length + index] ?? Number.NaN,
  )
}

const ALICE: readonly Row[] = [
  [1, 'up', 4, 100],
  [1, 'jaws', 2, 200],
  [2, 'up', 5, 150],
  [1, 'heat', 3, 200],
  [1, 'seven', 1, 50],
]
const VIEW = `select userId, count(*) as n, sum(rating) as total, avg(rating) as mean, last(rating) as last,
  count(*) filter (where rating >= 3) as good, stddev_samp(rating) as spread from ratings group by userId`
const NONE = Number.NaN

describe('a small table, computed by hand', () => {
  test('trap 7, F1: asOf row sees only what came before, ties by offset', async () => {
    const result = await frame(ALICE, VIEW, { asOf: 'row' })
    expect([...result.eventTime]).toEqual([50, 100, 150, 200, 200])
    expect([...result.offset]).toEqual([4, 0, 2, 1, 3])
    expect(column(result, 'n')).toEqual([NONE, 1, NONE, 2, 3])
    expect(column(result, 'total')).toEqual([NONE, 1, NONE, 5, 7])
    expect(column(result, 'mean')).toEqual([NONE, 1, NONE, 2.5, 7 / 3])
    expect(column(result, 'last')).toEqual([NONE, 1, NONE, 4, 2])
    expect(column(result, 'good')).toEqual([NONE, 0, NONE, 1, 1])
    expect(column(result, 'spread')[1]).toBeNaN()
    expect(column(result, 'spread')[3]).toBeCloseTo(Math.sqrt(4.5), 12)
  })

  test('asOf others sees every event but the own', async () => {
    const result = await frame(ALICE, VIEW, { asOf: 'others' })
    expect(column(result, 'n')).toEqual([3, 3, NONE, 3, 3])
    expect(column(result, 'total')).toEqual([9, 6, NONE, 8, 7])
    expect(column(result, 'last')).toEqual([3, 3, NONE, 3, 2])
  })

  test('asOf end sees everything', async () => {
    const result = await frame(ALICE, VIEW, { asOf: 'end' })
    expect(column(result, 'n')).toEqual([4, 4, 1, 4, 4])
    expect(column(result, 'total')).toEqual([10, 10, 5, 10, 10])
    expect(column(result, 'last')).toEqual([3, 3, 5, 3, 3])
  })

  test('rows outside the history are asked for and never seen', async () => {
    const split = { history: `movieId <> 'up'`, rows: `movieId = 'up'` }
    const row = await frame(ALICE, VIEW, { asOf: 'row', ...split })
    expect([...row.offset]).toEqual([0, 2])
    expect(column(row, 'n')).toEqual([1, NONE])
    expect(column(row, 'total')).toEqual([1, NONE])
    const end = await frame(ALICE, VIEW, { asOf: 'end', ...split })
    expect(column(end, 'n')).toEqual([3, NONE])
    const others = await frame(ALICE, VIEW, { asOf: 'others', ...split })
    expect(column(others, 'total')).toEqual([6, NONE])
  })

  test('WHERE decides which rows are events; the others still have features', async () => {
    const sql = `select userId, count(*) as n from ratings where rating >= 3 group by userId`
    const result = await frame(ALICE, sql, { asOf: 'row' })
    expect(column(result, 'n')).toEqual([NONE, NONE, NONE, 1, 1])
  })

  test('label, own columns and categories come with the rows', async () => {
    const result = await frame(ALICE, VIEW, {
      asOf: 'row',
      label: 'rating >= 3',
      columns: ['rating', 'seenAt'],
      categories: ['userId', 'movieId'],
    })
    expect(result.label).toEqual(Float64Array.from([0, 1, 1, 0, 1]))
    expect(column(result, 'rating')).toEqual([1, 4, 5, 2, 3])
    expect(column(result, 'seenAt')).toEqual([50_000, 100_000, 150_000, 200_000, 200_000])
    expect(result.categories).toEqual({
      userId: ['1', '1', '2', '1', '1'],
      movieId: ['seven', 'up', 'up', 'jaws', 'heat'],
    })
    expect([...result.partition]).toEqual([0, 0, 0, 0, 0])
  })

  test('a row without an entity has no features, and no other row sees it', async () => {
    const result = await frame([[null, 'up', 4, 1], [null, 'up', 4, 2], ...ALICE], VIEW, {
      asOf: 'row',
    })
    expect(column(result, 'n').slice(0, 2)).toEqual([NONE, NONE])
    expect(
      (await frame([[null, 'up', 4, 1]], VIEW, { asOf: 'end' })).values.every(Number.isNaN),
    ).toBe(true)
  })

  test('equal times of two partitions go by partition', async () => {
    const rows: Row[] = [
      [1, 'up', 4, 7, 1],
      [1, 'up', 2, 7, 0],
    ]
    const result = await frame(rows, VIEW, { asOf: 'row' })
    expect([...result.partition]).toEqual([0, 1])
    expect(column(result, 'total')).toEqual([NONE, 2])
  })

  test.each([
    ['seenAt', 'seenAt'],
    [undefined, '_timestamp'],
  ])('a timestamp orders events too: %s', async (eventTime, name) => {
    const file = join(folder, `${files++}.parquet`)
    await engine.run(
      `copy (select 1::bigint as userId, r::double as rating, to_timestamp(100.5 - r) as "${name}", 0 as _partition, r as _offset
       from range(3) t(r)) to '${file}'`,
    )
    const { eventTime: _, ...untimed } = table
    const result = await builder.frame(engine, {
      table: eventTime === undefined ? untimed : { ...untimed, eventTime },
      files: [file],
      views: [{ name: 'user', sql: VIEW }],
      asOf: 'row',
    })
    expect([...result.eventTime]).toEqual([98_500, 99_500, 100_500])
    expect(column(result, 'total')).toEqual([NONE, 2, 3])
  })

  test('without a file there are no rows', async () => {
    const views = [{ name: 'user', sql: VIEW }]
    const result = await builder.frame(engine, { table, files: [], views, asOf: 'row' })
    expect(result.rows).toBe(0)
    expect(result.names).toEqual(['n', 'total', 'mean', 'last', 'good', 'spread'])
  })

  test('a file from before a column was added has it as missing', async () => {
    const old = join(folder, 'old.parquet')
    await engine.run(
      `copy (select 1::bigint as userId, 'up' as movieId, 10::bigint as timestamp, 0 as _partition, 9::bigint as _offset) to '${old}'`,
    )
    const result = await builder.frame(engine, {
      table,
      files: [old, await parquet(ALICE)],
      views: [
        { name: 'user', sql: 'select userId, count(rating) as n from ratings group by userId' },
      ],
      asOf: 'end',
    })
    expect(column(result, 'n')).toEqual([4, 4, 4, 1, 4, 4])
  })

  test('entities are one row each, sorted by key', async () => {
    const request = {
      table,
      files: [await parquet([...ALICE, [10, 'up', 3, 1], [null, 'up', 3, 1]])],
      views: [{ name: 'user', sql: VIEW }],
    }
    const all = await builder.entities(engine, request, 'user')
    expect(all.keys).toEqual(['1', '10', '2'])
    expect(all.values.filter((_, index) => index % 6 === 0)).toEqual(Float64Array.from([4, 1, 1]))
    const some = await builder.entities(engine, { ...request, rows: 'timestamp = 150' }, 'user')
    expect(some.keys).toEqual(['2'])
    await expect(builder.entities(engine, request, 'movie')).rejects.toMatchObject({
      code: 'FEATURE_UNKNOWN_VIEW',
    })
  })

  test('the same feature name in two views is refused', async () => {
    const other = {
      name: 'movie',
      sql: 'select movieId, count(*) as n from ratings group by movieId',
    }
    await expect(
      builder.frame(engine, {
        table,
        files: [],
        views: [{ name: 'user', sql: VIEW }, other],
        asOf: 'row',
      }),
    ).rejects.toThrow(/feature name "n" is used twice/)
  })
})

const coin = (index: number): number => ((index * 2_654_435_761) >>> 7) & 1

describe('F1: a planted leak', () => {
  // Each event's rating equals its own label, and a later event of the same user repeats it: a frame that saw the own or
  // a later row would predict the label without an error.
  const rows = Array.from({ length: 400 }, (_, index): Row[] => [
    [index, 'first', coin(index), 1_000 + index],
    [index, 'echo', coin(index), 9_000 + index],
  ]).flat()

  test('before the label is acknowledged nothing of it is visible', async () => {
    const sql = `select userId, max(rating) as top, count(*) as n, last(rating) as last from ratings group by userId`
    const ask = { label: 'rating', rows: `movieId = 'first'` }
    const leaking = await frame(rows, sql, { asOf: 'end', ...ask })
    expect(column(leaking, 'top')).toEqual([...(leaking.label ?? [])])
    const honest = await frame(rows, sql, { asOf: 'row', ...ask })
    expect(honest.rows).toBe(400)
    expect(honest.values.every(Number.isNaN)).toBe(true)
  })

  test('with the whole history known, the own row is still not visible', async () => {
    const sql = `select movieId, avg(rating) as mean, count(*) as n from ratings group by movieId`
    const result = await builder.frame(engine, {
      table,
      files: [await parquet(rows)],
      views: [{ name: 'movie', sql }],
      asOf: 'others',
      label: 'rating',
    })
    const ones = rows.filter(([, movie, rating]) => movie === 'first' && rating === 1).length
    const means = column(result, 'mean')
    for (const [row, label] of (result.label ?? []).entries()) {
      expect(means[row]).toBeCloseTo((ones - label) / 399, 12)
    }
  })
})

describe('robustness', () => {
  test('an expression that fails on a row is missing there, and huge values stop nothing', async () => {
    const rows: Row[] = [
      [1, 'abc', -1, 1],
      [1, '7', 1e300, 2],
      [1, '9', 4, 3],
      [1, '9', null, 4],
    ]
    const sql = `select userId, sum(cast(movieId as integer)) as parsed, sum(sqrt(rating)) as roots,
      stddev(rating) as spread, max(rating) as top, count(rating) as n, 1 / (count(*) - 3) as pole from ratings group by userId`
    const result = await frame(rows, sql, { asOf: 'end' })
    expect(result.values.slice(0, 6)).toEqual(
      Float64Array.from([25, 2, Math.sqrt(12.5), 1e300, 3, 1]),
    )
    const three = await frame(rows.slice(0, 3), sql, { asOf: 'end' })
    expect(column(three, 'pole')).toEqual([NONE, NONE, NONE])
  })

  test('unknown columns are named', async () => {
    await expect(frame(ALICE, VIEW, { asOf: 'row', columns: ['stars'] })).rejects.toThrow(
      /no column "stars": it has userId/,
    )
    await expect(frame(ALICE, VIEW, { asOf: 'row', columns: ['movieId'] })).rejects.toThrow(
      /"movieId" is text/,
    )
    await expect(frame(ALICE, VIEW, { asOf: 'row', categories: ['x'] })).rejects.toThrow(
      /no column "x"/,
    )
  })
})
