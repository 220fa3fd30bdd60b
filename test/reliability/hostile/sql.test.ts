/**
 * H11, Q: the attack list through the real endpoint. Every text is refused or harmless, the stored files stay as they are, each
 * answer comes within its deadline and a second, and the next query is answered.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../../src/kernels/index.ts'
import { openHostileWorld, type Answered, type HostileWorld } from './world.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
/** Beside the deadline: interrupt, one second, kill; on a shared machine a second more. */
const MARGIN_MS = 2_500

let world: HostileWorld
beforeAll(async () => {
  world = await openHostileWorld()
  const lines = Array.from({ length: 500 }, (_, at) => `{"id":"i${at}","n":${at}}\n`).join('')
  await world.send('/v1/topics/things/events', lines, { 'content-type': 'application/x-ndjson' })
  await world.send('/v1/flush', '{}')
})
afterAll(() => world.stop())

const ask = (sql: string, more: object = {}): Promise<Answered> =>
  world.send('/v1/sql', JSON.stringify({ sql, ...more }))
const rowsOf = ({ payload }: Answered): unknown[][] =>
  (JSON.parse(payload) as { rows: unknown[][] }).rows

/** Of the lake: every file and its bytes. */
function treeDigest(): string {
  const hash = createHash('sha256')
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder).toSorted()) {
      const path = join(folder, name)
      if (statSync(path).isDirectory()) walk(path)
      else hash.update(path).update(readFileSync(path))
    }
  }
  walk(world.file('data/lake'))
  return hash.digest('hex')
}

async function expectHarmless(sql: string, statuses: readonly number[]): Promise<void> {
  const before = treeDigest()
  const answer = await ask(sql)
  expect(statuses, `${sql}: ${answer.payload.slice(0, 200)}`).toContain(answer.status)
  expect(answer.payload, sql).not.toMatch(/millrace-hostile|node_modules|\/tmp\//)
  expect(treeDigest(), sql).toBe(before)
}

const READ_OUTSIDE = [
  "from read_text('/etc/passwd')", "from read_csv('/etc/passwd')", "from read_json('/etc/passwd')", "from read_blob('/etc/passwd')",
  "from glob('/**')", "from glob('*')", "from '/etc/passwd'", "from 'x.csv'", "from '../things.parquet'", "from '../lake-other/x.parquet'",
  "from 'file:///etc/passwd'", "from 'http://127.0.0.1:1/x.csv'", "from 's3://bucket/x.parquet'", "from sniff_csv('/etc/passwd')",
  "from parquet_metadata('/etc/passwd')", "from parquet_schema('x')", "from read_parquet('things/current/*.parquet')", "from read_text('/proc/self/environ')",
  "from parquet_scan('x')", "from read_ndjson_auto('/etc/passwd')", "from sqlite_scan('x','y')", "from postgres_scan('','','')", "from iceberg_scan('x')", "from arrow_scan(1,2,3)",
  'select getenv(\'HOME\')', "select * from query('select 1')", "select * from query_table('things')", "select current_setting('temp_directory')",
] // prettier-ignore
const WRITE = [
  "copy (select 1) to 'x.parquet'", "copy things to '/tmp/x.csv'", "copy things to 'things/current/x.parquet' (format parquet)", "attach 'x.db'", "attach ':memory:' as m",
  "export database 'x'", "import database 'x'", 'create table t (a int)', 'create view v as select 1', 'create temp table t as select 1', 'create macro f() as 1',
  'insert into things values (1)', 'delete from things', 'update things set n = 1', 'drop view things', 'alter view things rename to x', 'truncate things', 'create schema s', 'use main', 'detach main',
  "create secret s (type s3)", 'create sequence q', 'create type e as enum (\'a\')', 'comment on view things is \'x\'', 'begin', 'commit', 'checkpoint', 'vacuum', 'analyze',
] // prettier-ignore
const SEVERAL = [
  'select 1; select 2', 'select 1; drop view things', 'select 1;;select 2', '/* ; */ select 1; -- x\nselect 2', "select ';'; select 2", 'select 1; copy things to \'x\'',
  'pivot things on n using count(*); select 1',
] // prettier-ignore
const SETTINGS = [
  'set threads = 8', 'set enable_external_access = true', 'reset threads', "set allowed_directories = ['/']", 'set global memory_limit = \'64GB\'', 'set lock_configuration = false',
  "pragma enable_profiling = 'json'", 'pragma database_list', 'call pragma_version()', "set profiling_output = '/tmp/x'", "select * from enable_logging()", 'set variable x = 1',
  'install httpfs', 'load httpfs', 'force install x', "load '/tmp/x.duckdb_extension'", 'select * from duckdb_secrets()', 'select * from duckdb_settings()', 'prepare p as select 1', 'execute p', 'explain analyze copy things to \'x\'',
] // prettier-ignore

describe('Q: a text that is more than one SELECT over the tables is refused', () => {
  test.each([...READ_OUTSIDE, ...WRITE, ...SEVERAL, ...SETTINGS])('%s', (sql) =>
    expectHarmless(sql, [400, 403]),
  )
})

describe('Q: a query that takes too much is ended, and the next one is answered', () => {
  const deadline = 1_000
  test.each([
    'select count(*) from range(1000000) a, range(1000000) b',
    'with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r',
    'select sum(range) from range(10000000000)',
    "select length(repeat('x', 2000000000))",
    "select repeat('x', 2000000000)",
    'select list(range) from range(60000000)',
    "select string_agg(repeat('y', 1000), '') from range(2000000)",
    'select range from range(60000000) order by hash(range) limit 1',
    `select ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
    "select regexp_matches(repeat('a', 50000) || 'b', '(a+)+$')",
    "select repeat('x', 1000) from range(300000)",
  ])('%s', async (sql) => {
    const started = performance.now()
    const answer = await ask(sql, { timeoutMs: deadline })
    const ms = performance.now() - started
    expect([200, 400, 408, 413], `${sql.slice(0, 60)}: ${answer.payload.slice(0, 200)}`).toContain(
      answer.status,
    )
    expect(ms).toBeLessThan(deadline + MARGIN_MS)
    expect(answer.payload.length).toBeLessThan(2 * world.app.limits.sqlBytes)
    expect(rowsOf(await ask('select count(*) from things'))).toEqual([[500]])
  })

  test('rows and bytes stop at their limits', async () => {
    const many = await ask("select repeat('x', 1000) from range(300000)")
    const { rows, truncated } = JSON.parse(many.payload) as { rows: unknown[]; truncated: boolean }
    expect([rows.length, truncated]).toEqual([world.app.limits.sqlRows, true])
    const large = await ask("select repeat('x', 20000) from range(2000)")
    expect(JSON.parse(large.payload)).toMatchObject({ truncated: true })
    expect(large.payload.length).toBeLessThan(1.1 * world.app.limits.sqlBytes)
  })
})

describe(`H11: injection (seed ${SEED})`, () => {
  const payloads = [
    "' or 1=1 --", "'; drop view things; --", '" or ""="', "') union select 1 --", '$1', '?', "\\'", '/*', '%27', '\u0000', "' || (select 1) || '", 'things"; --', '${id}', 'U&"\\0072"',
  ] // prettier-ignore

  test('a parameter is a value and nothing more', async () => {
    for (const payload of payloads) {
      const answer = await ask('select count(*) from things where id = ?', { params: [payload] })
      expect(answer.status === 200 ? rowsOf(answer) : [[0]], payload).toEqual([[0]])
      const back = await ask('select ?', { params: [payload] })
      if (back.status === 200) expect(rowsOf(back)).toEqual([[payload]])
    }
  })

  test('three hundred put-together texts read nothing else and change nothing', async () => {
    const random = createRandom(SEED)
    const pick = (from: readonly string[]): string => from[random.int(from.length)]!
    const heads = [
      'select * from things where id = ',
      'select * from things order by ',
      'with t as (select * from things) select * from t where id in (',
      'select (select max(n) from things) + ',
    ]
    const tails = [
      '',
      " union all select * from read_text('/etc/passwd')",
      '; drop view things',
      ' -- ',
      " limit 1; copy things to 'x'",
      ')',
      ') t',
      ' union select * from duckdb_settings()',
    ]
    const before = treeDigest()
    for (let round = 0; round < 300; round++) {
      const sql = `${pick(heads)}'${pick(payloads)}'${pick(tails)}`
      const answer = await ask(sql)
      expect([200, 400, 403, 413], `${sql}: ${answer.payload}`).toContain(answer.status)
      expect(answer.payload, sql).not.toMatch(/root:x:0|lock_configuration/)
    }
    expect(treeDigest()).toBe(before)
    expect(rowsOf(await ask('select count(*) from things'))).toEqual([[500]])
  })

  test('names in paths, filters and pages reach no query', async () => {
    for (const payload of payloads) {
      const text = encodeURIComponent(payload)
      for (const url of [
        `/v1/tables/${text}`,
        `/v1/tables/${text}/batches`,
        `/v1/topics/${text}`,
        `/v1/tables/things/batches?limit=${text}`,
        `/v1/topics/things/records?offset=${text}`,
        `/v1/features/${text}?entity=1`,
        `/v1/models/${text}`,
        `/v1/jobs?model=${text}`,
        `/v1/groups/${text}`,
      ]) {
        const { status } = await world.send(url, undefined, {}, 'GET')
        expect([400, 404, 422], url).toContain(status)
      }
    }
  })
})
