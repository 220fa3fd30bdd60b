import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSqlEngine, type SqlEngine } from '../sql/index.ts'
import type { FeatureTable } from './feature-view.ts'
import { compileFeatureView } from './view-compiler.ts'

let engine: SqlEngine
beforeAll(async () => {
  engine = await openSqlEngine()
})
afterAll(() => engine.close())

const table: FeatureTable = {
  name: 'ratings',
  topic: 'ratings',
  eventTime: 'timestamp',
  columns: [
    { name: 'userId', type: 'integer', nullable: false },
    { name: 'rating', type: 'double', nullable: false },
    { name: 'timestamp', type: 'integer', nullable: false },
    { name: 'tag', type: 'text', nullable: true },
    { name: 'seenAt', type: 'timestamp', nullable: true },
  ],
}
const compile = (sql: string, more: Partial<FeatureTable> = {}) =>
  compileFeatureView(engine, { name: 'user', sql }, { ...table, ...more })
const grouped = (features: string): string =>
  `select userId, ${features} from ratings group by userId`

describe('what a view may be', () => {
  test('entity, features and shared aggregates', async () => {
    const compiled = await compile(
      `select r.USERID, count(*) as n, (sum(rating) + 35) / (count(*) + 10) as mean, n * 2 as doubled
       from Ratings r where r.rating > 0.5 group by 1 -- a comment`,
    )
    expect(compiled.view).toEqual({
      name: 'user',
      table: 'ratings',
      entity: 'userId',
      features: ['n', 'mean', 'doubled'],
    })
    expect(compiled.aggregates.map(({ kind }) => kind)).toEqual(['count', 'sum'])
  })

  test.each([
    'select userId, count(*) as n from ratings group by all',
    `select userId, sum(rating) filter (where tag like 'a%') / nullif(count(*), 0) as n from ratings group by 1`,
    `select userId, date_diff('day', min(seenAt), max(seenAt)) as days, epoch(max(seenAt)) as last from ratings group by 1`,
    `select userId, case when last(tag) = 'x' then 1 else 0 end as n, coalesce(try_cast(max(tag) as integer), 0) as m from ratings group by 1`,
    `select userId, max_by(rating, timestamp) as a, argmin(rating, seenAt) as b, first(rating) as c, count_if(rating > 3) as d, mean(rating) as e from ratings group by 1`,
    `select userId, max(rating > 3) as any_good, sum(timestamp) % 2 as odd, avg(ln(rating)) as l from ratings where tag in ('a', 'b') and rating between 1 and 5 group by 1`,
  ])('%s', async (sql) => {
    await expect(compile(sql)).resolves.toBeDefined()
  })
})

describe('what is refused, with its name', () => {
  test.each([
    ['', /is empty/],
    ['selec', /cannot be parsed: syntax error at or near "selec" at character 1/],
    ['insert into ratings values (1)', /must be a SELECT/],
    [`${grouped('count(*) as n')}; select 1`, /several statements/],
    [`${grouped('count(*) as n')} union all ${grouped('count(*) as n')}`, /without UNION/],
    [`with x as (select 1) ${grouped('count(*) as n')}`, /WITH clause/],
    [grouped('count(*) as n').replace('from ratings', 'from ratings join x on true'), /a join/],
    [grouped('count(*) as n').replace('ratings', '(select * from ratings)'), /a subquery in FROM/],
    [grouped('count(*) as n').replace('ratings', 'movies'), /reads from "movies".*"ratings"/],
    [grouped('count(*) as n').replace('ratings', `read_csv('x')`), /something else than a table/],
    [grouped('count(*) as n').replace('ratings', 'a.ratings'), /reads from "a.ratings"/],
    [`${grouped('count(*) as n')} limit 3`, /LIMIT/],
    [`${grouped('count(*) as n')} order by 2`, /ORDER BY/],
    [`${grouped('count(*) as n')} having n > 1`, /HAVING/],
    [grouped('count(*) as n').replace('select', 'select distinct'), /DISTINCT/],
    ['select userId, count(*) as n from ratings', /grouped by exactly one column/],
    ['select userId, count(*) as n from ratings group by userId, tag', /exactly one column/],
    ['select userId, count(*) as n from ratings group by rollup(userId)', /exactly one column/],
    ['select userId, count(*) as n from ratings group by tag', /its first column "userId"/],
    ['select userId as u, count(*) as n from ratings group by 1', /renames its entity column/],
    ['select userId + 1, count(*) as n from ratings group by 1', /begin with its entity column/],
    ['select rating, count(*) as n from ratings group by 1', /entity "rating" of type double/],
    ['select nope, count(*) as n from ratings group by 1', /unknown column "nope": ratings has/],
    ['select userId from ratings group by 1', /has no features/],
    [grouped('count(*)'), /no name for its column 2/],
    [grouped('count(*) as "a b"'), /feature name "a b"/],
    [grouped('count(*) as n, sum(rating) as N'), /two features named "N"/],
    [grouped('1 as one'), /"one" without an aggregate/],
    [grouped('sum(rating) / rating as n'), /"rating" outside an aggregate/],
    [grouped('sum(stars) as n'), /unknown column "stars"/],
    [grouped('sum(other.rating) as n'), /"other.rating".*plain name/],
    [grouped('sum(tag) as n'), /cannot be bound: .*sum\(VARCHAR\)/],
    [grouped('foo(count(*)) as n'), /cannot be bound: .*foo does not exist/],
    [grouped('max(tag) as n'), /"n" of type VARCHAR/],
    [grouped('max(seenAt) as n'), /"n" of type TIMESTAMP.*epoch/],
    [grouped('max([rating]) as n'), /of type DOUBLE\[\]/],
    [grouped('sum(sum(rating)) as n'), /sum\(\) inside sum\(\)/],
    [grouped('count(*) over () as n'), /a window function/],
    [grouped('sum(rating) + (select 1) as n'), /a subquery/],
    [grouped('sum(rating) + $1 as n'), /a parameter/],
    [grouped('count(*) + random() as n'), /random\(\).*not decided by the events/],
    [grouped('epoch(now()) - count(*) as n'), /now\(\)/],
    [grouped('count(*) filter (where seenAt > current_timestamp) as n'), /current_timestamp/],
    [grouped('epoch(age(max(seenAt))) as n'), /age\(\)/],
    [grouped(`count(*) + length(current_setting('threads')) as n`), /current_setting\(\)/],
    [grouped('first(rating order by rating) as n'), /ORDER BY in first\(\)/],
    [grouped('count(*) + 9007199254740993 as n'), /more than 15 digits/],
    ['select userId, count(*) as n from ratings where sum(rating) > 1 group by 1', /in WHERE/],
  ])('%s', async (sql, message) => {
    const error: unknown = await compile(sql).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'FEATURE_INVALID_VIEW', details: { view: 'user' } })
    expect(String(error)).toMatch(/^MillraceError: feature view "user" /)
    expect(String(error)).toMatch(message)
  })

  test.each([
    ['count(distinct tag)', /count\(distinct …\)/],
    ['median(rating)', /median\(\).*use count, sum, avg/],
    ['quantile_cont(rating, 0.5)', /quantile_cont\(\)/],
    ['approx_count_distinct(tag)', /approx_count_distinct\(\)/],
    ['length(string_agg(tag))', /string_agg\(\)/],
    ['corr(rating, timestamp)', /corr\(\)/],
    ['any_value(rating)', /any_value\(\)/],
    ['min(rating, 3)', /min\(\) with 2 arguments/],
    ['weighted_avg(rating, timestamp)', /weighted_avg/],
  ])('not incremental: %s', async (call, message) => {
    const error: unknown = await compile(grouped(`${call} as n`)).catch((thrown: unknown) => thrown)
    expect(error).toHaveProperty('code', 'FEATURE_NOT_INCREMENTAL')
    expect(String(error)).toMatch(message)
  })

  test('a table that nothing can be ordered by', async () => {
    await expect(compile(grouped('count(*) as n'), { eventTime: 'tag' })).rejects.toThrow(
      /cannot be ordered by "tag"/,
    )
  })
})
