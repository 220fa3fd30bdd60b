import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SandboxRequest, SandboxView, SqlSandbox } from '../engine.ts'
import { openSqlEngine } from '../open-engine.ts'
import { openSandbox } from './open-sandbox.ts'

let folder: string
let dir: string
let sandbox: SqlSandbox
let views: SandboxView[]

const columns = [
  { name: 'userId', type: 'integer', nullable: false },
  { name: 'rating', type: 'double', nullable: true },
  { name: 'note', type: 'json', nullable: true },
] as const

beforeAll(async () => {
  // A private folder above, as a data folder is: the child has no right on it.
  folder = mkdtempSync(join(tmpdir(), 'sandbox-'))
  dir = join(folder, 'lake')
  mkdirSync(dir)
  chmodSync(dir, 0o755)
  const engine = await openSqlEngine()
  for (const part of [0, 1]) {
    await engine.run(
      `COPY (SELECT range + ${part * 1000} AS "userId", 3.5::DOUBLE AS rating FROM range(1000)) TO '${join(dir, `part-${part}.parquet`)}'`,
    )
  }
  await engine.run(`COPY (SELECT 1 AS secret) TO '${join(dir, 'other.parquet')}'`)
  await engine.close()
  for (const file of readdirSync(dir)) chmodSync(join(dir, file), 0o444)
  const files = [0, 1].map((part) => join(dir, `part-${part}.parquet`))
  views = [
    { name: 'ratings', columns, files },
    { name: 'empty', columns, files: [] },
  ]
  sandbox = await openSandbox({ dir })
})

afterAll(async () => {
  await sandbox?.close()
  rmSync(folder, { recursive: true, force: true })
})

const run = (sql: string, options: Partial<SandboxRequest> = {}) =>
  sandbox.run({ sql, views, maxRows: 100, maxBytes: 1024 ** 2, timeoutMs: 10_000, ...options })

const treeDigest = (): string => {
  const hash = createHash('sha256')
  for (const name of readdirSync(dir).toSorted())
    hash.update(name).update(readFileSync(join(dir, name)))
  return hash.digest('hex')
}

describe('a user asks', () => {
  it('one view over all its files, with columns that no file has yet', async () => {
    const result = await run('SELECT count(*), max("userId"), count(note) FROM ratings')
    expect(result.rows).toEqual([[2000, 1999, 0]])
    expect(result.truncated).toBe(false)
  })

  it('files elsewhere, which the child itself could not open', async () => {
    const file = join(folder, 'tail.parquet')
    const engine = await openSqlEngine()
    await engine.run(`COPY (SELECT 5000 AS "userId") TO '${file}'`)
    await engine.close()
    const [view] = views
    const withTail = { ...view!, files: [...view!.files, file] }
    const { rows } = await run('SELECT count(*), max("userId") FROM ratings', { views: [withTail] })
    expect(rows).toEqual([[2001, 5000]])
    expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('without a folder, any file that this process can read', async () => {
    const other = await openSandbox()
    const { rows } = await other.run({
      sql: 'SELECT count(*) FROM ratings',
      views,
      maxRows: 1,
      maxBytes: 1_000,
      timeoutMs: 10_000,
    })
    expect(rows).toEqual([[2000]])
    await other.close()
  })

  it('a view without files has its columns and no rows', async () => {
    const { columns, rows } = await run('SELECT * FROM empty')
    expect(columns.map(({ type }) => type)).toEqual(['BIGINT', 'DOUBLE', 'JSON'])
    expect(rows).toEqual([])
  })

  it('show tables, describe, summarize and explain', async () => {
    expect((await run('SHOW TABLES')).rows).toEqual([['empty'], ['ratings']])
    expect((await run('DESCRIBE ratings')).rows.map((row) => row[0])).toEqual(
      columns.map(({ name }) => name),
    )
    expect((await run('SUMMARIZE ratings')).rows).toHaveLength(3)
    expect((await run('-- why\nEXPLAIN ANALYZE SELECT * FROM ratings')).rows).toHaveLength(1)
  })

  it('values of every kind, and parameters', async () => {
    const { rows } = await run(
      "SELECT 9007199254740993, 'nan'::DOUBLE, [9007199254740993], ?::BIGINT, ?, sum(range) FROM range(3)",
      { params: [9007199254740993n, "'; --"] },
    )
    expect(rows).toEqual([
      [9007199254740993n, 'NaN', ['9007199254740993'], 9007199254740993n, "'; --", 3],
    ])
  })

  it('more rows or bytes than asked for are cut off', async () => {
    const byRows = await run('SELECT * FROM range(1000000000)', { maxRows: 7 })
    expect([byRows.rows.length, byRows.truncated]).toEqual([7, true])
    const byBytes = await run("SELECT repeat('x', 1000) FROM range(100000)", {
      maxRows: 100_000,
      maxBytes: 10_000,
    })
    expect(byBytes.truncated).toBe(true)
    expect(byBytes.rows).toHaveLength(9)
    const exact = await run('SELECT * FROM range(7)', { maxRows: 7 })
    expect([exact.rows.length, exact.truncated]).toEqual([7, false])
  })

  it('is answered in tens of milliseconds', async () => {
    const times: number[] = []
    for (let round = 0; round < 10; round++) {
      const started = performance.now()
      await run('SELECT avg(rating) FROM ratings')
      times.push(performance.now() - started)
    }
    // 15 ms alone; the machine may be busy.
    expect(Math.min(...times)).toBeLessThan(100)
  })
})

describe('a user errs', () => {
  it('is told where', async () => {
    await expect(run('SELECT rating,\n nope FROM ratings')).rejects.toMatchObject({
      code: 'SQL_INVALID',
      status: 400,
      details: { position: { line: 2, column: 2 } },
      message: expect.stringMatching(/"nope" not found/) as string,
    })
    await expect(run('SELEC 1')).rejects.toMatchObject({
      code: 'SQL_INVALID',
      details: { position: { line: 1, column: 1 } },
    })
    await expect(run('SELECT ?')).rejects.toMatchObject({ code: 'SQL_INVALID' })
    for (const nothing of ['', '  \n', '-- nothing', ';'])
      await expect(run(nothing)).rejects.toMatchObject({ code: 'SQL_INVALID' })
    await expect(run(`SELECT ${'('.repeat(20_000)}`)).rejects.toMatchObject({ code: 'SQL_INVALID' })
  })

  it('waits no longer than the deadline', async () => {
    const started = performance.now()
    await expect(
      run('SELECT count(*) FROM range(10000000) a, range(1000000) b', { timeoutMs: 200 }),
    ).rejects.toMatchObject({ code: 'SQL_TIMEOUT' })
    expect(performance.now() - started).toBeLessThan(1_200)
    expect((await run('SELECT 1')).rows).toEqual([[1]])
  })

  it('cancels by its signal', async () => {
    const stop = new AbortController()
    const running = run('SELECT count(*) FROM range(10000000) a, range(1000000) b', {
      signal: stop.signal,
    })
    setTimeout(() => stop.abort(), 50)
    await expect(running).rejects.toMatchObject({ code: 'SQL_CANCELLED' })
    expect((await run('SELECT 1')).rows).toEqual([[1]])
  })

  it.each([
    "SELECT repeat('x', 2000000000)",
    "SELECT length(repeat('x', 2000000000))",
    "SELECT repeat('x', 200000000)",
    'SELECT list(range) FROM range(60000000)',
    'SELECT range(30000000)',
    "SELECT string_agg(repeat('y', 1000), '') FROM range(2000000)",
  ])('needs too much memory: %s', async (sql) => {
    await expect(run(sql)).rejects.toMatchObject({ code: 'SQL_OUT_OF_MEMORY' })
    expect((await run('SELECT count(*) FROM ratings')).rows).toEqual([[2000]])
  })
})

describe('an attacker', () => {
  const cases: readonly string[] = [
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP VIEW ratings',
    "COPY (SELECT 1) TO 'part-0.parquet'",
    "COPY (SELECT 1) TO 'new.parquet'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'new.parquet'",
    "EXPLAIN /* ; */ ANALYZE COPY (SELECT 1) TO 'new.parquet'",
    "ATTACH 'new.db'",
    "EXPORT DATABASE 'x'",
    'CREATE TABLE x (a INT)',
    'DROP VIEW ratings',
    'INSERT INTO ratings VALUES (1)',
    'SET threads = 1',
    'RESET threads',
    "PRAGMA enable_profiling = 'json'",
    'PRAGMA version',
    'CALL pragma_version()',
    'INSTALL httpfs',
    'LOAD httpfs',
    'CHECKPOINT',
    'VACUUM',
    'PREPARE p AS SELECT 1',
    "SELECT * FROM 'other.parquet'",
    "SELECT * FROM '../lake/other.parquet'",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_parquet('other.parquet')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('*')",
    "SELECT (SELECT max(content) FROM read_text('/etc/passwd'))",
    "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
    "SELECT * FROM 'http://127.0.0.1:1/x.parquet'",
    "SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = 'log')",
    'SELECT * FROM enable_profiling()',
    'SELECT * FROM duckdb_settings()',
    'SELECT * FROM duckdb_views',
    'SELECT * FROM sqlite_master',
    'SELECT * FROM pg_catalog.pg_views',
    "SELECT current_setting('allowed_paths')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM json_execute_serialized_sql('{}')",
    'SELECT * FROM duckdb_secrets()',
  ]
  it.each(cases)('is refused: %s', async (sql) => {
    const before = treeDigest()
    const error = await run(sql).then(
      () => undefined,
      (error: unknown) => error as { code: string; message: string },
    )
    expect(['SQL_NOT_ALLOWED', 'SQL_INVALID']).toContain(error?.code)
    expect(error?.message).not.toContain(folder)
    expect(treeDigest()).toBe(before)
  })
})

describe('the pool', () => {
  it('refuses more than its queue holds, and answers the rest', async () => {
    const small = await openSandbox({ dir, children: 1, maxWaiting: 1 })
    const ask = (sql: string) =>
      small.run({ sql, views: [], maxRows: 1, maxBytes: 1_000, timeoutMs: 10_000 })
    const first = ask('SELECT 1')
    const second = ask('SELECT 2')
    await expect(ask('SELECT 3')).rejects.toMatchObject({ code: 'SQL_BUSY' })
    expect([(await first).rows, (await second).rows]).toEqual([[[1]], [[2]]])
    await small.close()
    await expect(ask('SELECT 4')).rejects.toMatchObject({ code: 'SQL_CANCELLED' })
  })

  it('close ends a running query', async () => {
    const other = await openSandbox({ dir })
    const running = expect(
      other.run({
        sql: 'SELECT count(*) FROM range(10000000) a, range(1000000) b',
        views: [],
        maxRows: 1,
        maxBytes: 1_000,
        timeoutMs: 60_000,
      }),
    ).rejects.toMatchObject({ code: 'SQL_CANCELLED' })
    await other.close()
    await running
  })

  it.runIf(process.platform === 'linux')(
    'a child that dies fails its query and no other',
    async () => {
      const before = childPids()
      const other = await openSandbox({ dir, children: 1 })
      const [pid] = childPids().filter((candidate) => !before.includes(candidate))
      const ask = (sql: string) =>
        other.run({ sql, views: [], maxRows: 1, maxBytes: 1_000, timeoutMs: 10_000 })
      const first = ask('SELECT count(*) FROM range(10000000) a, range(1000000) b')
      const second = ask('SELECT 2')
      process.kill(pid!, 'SIGKILL')
      await expect(first).rejects.toMatchObject({ code: 'SQL_CRASHED', retryable: true })
      expect((await second).rows).toEqual([[2]])
      await other.close()
    },
  )

  it.runIf(process.platform === 'linux')(
    'a child that stops answering is killed after the deadline and replaced',
    async () => {
      const before = childPids()
      const other = await openSandbox({ dir, children: 1 })
      const [pid] = childPids().filter((candidate) => !before.includes(candidate))
      process.kill(pid!, 'SIGSTOP')
      const ask = (sql: string, timeoutMs: number) =>
        other.run({ sql, views: [], maxRows: 1, maxBytes: 1_000, timeoutMs })
      await expect(ask('SELECT 1', 100)).rejects.toMatchObject({ code: 'SQL_TIMEOUT' })
      expect((await ask('SELECT 2', 10_000)).rows).toEqual([[2]])
      await other.close()
    },
  )
})

/** Children of this process; the launching shell and `unshare` replace themselves, so these are the queries'. */
const childPids = (): number[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number)
