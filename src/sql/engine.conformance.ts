/** What every SQL engine must do, as checks without a test runner. Numbers are those of `engine.ts`. */
import assert from 'node:assert/strict'
import { checksOn, type ColumnarRows, type ConformanceCheck } from '../core/index.ts'
import type { SqlEngine, SqlEngineOptions } from './engine.ts'

type OpenEngine = (options?: SqlEngineOptions) => Promise<SqlEngine>

/** Every column type, nulls and both ends of the 64-bit range. */
const sample: ColumnarRows = {
  length: 3,
  columns: [
    { name: 'flag', type: 'boolean', nullable: true },
    { name: 'n', type: 'integer', nullable: false },
    { name: 'big', type: 'int64', nullable: true },
    { name: 'x', type: 'double', nullable: true },
    { name: 's', type: 'text', nullable: true },
    { name: 'moment', type: 'timestamp', nullable: true },
  ],
  values: [
    [true, false, null],
    [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0],
    [9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n, null],
    [0.1, -1e300, null],
    ['', 'naïve ☃ \u{1f600}', null],
    [0, 951_782_400_123, null],
  ],
}
const SAMPLE_TABLE =
  'CREATE TABLE sample (flag BOOLEAN, n BIGINT, big BIGINT, x DOUBLE, s VARCHAR, moment TIMESTAMPTZ)'
const ENDLESS = 'SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000) c'

export function sqlEngineConformance(open: OpenEngine): ConformanceCheck[] {
  const check = checksOn(open)
  return [...resultChecks(check), ...stopChecks(check)]
}

type MakeCheck = (
  guarantee: string,
  name: string,
  body: (engine: SqlEngine) => Promise<void>,
) => ConformanceCheck

const resultChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('Q1', 'the same query gives the same rows and types', async (engine) => {
    const sql = 'SELECT range % 7 AS k, count(*) AS n FROM range(10000) GROUP BY k ORDER BY k'
    const first = await engine.query(sql)
    assert.deepEqual(await engine.query(sql), first)
    assert.deepEqual(first.columns, [
      { name: 'k', type: 'BIGINT' },
      { name: 'n', type: 'BIGINT' },
    ])
    assert.deepEqual(first.rows[0], [0, 1429])
  }),
  check('Q1', 'appended rows come back as they were', async (engine) => {
    await engine.run(SAMPLE_TABLE)
    await engine.append('sample', sample)
    const { rows } = await engine.query('SELECT * FROM sample')
    assert.deepEqual(rows, [
      [true, 9007199254740991, 9223372036854775807n, 0.1, '', '1970-01-01T00:00:00.000Z'],
      [
        false,
        -9007199254740991,
        -9223372036854775808n,
        -1e300,
        'naïve ☃ \u{1f600}',
        '2000-02-29T00:00:00.123Z',
      ],
      [null, 0, null, null, null, null],
    ])
  }),
  check('Q1', 'rows beyond one chunk keep their order', async (engine) => {
    await engine.run('CREATE TABLE t (n BIGINT)')
    const values = Array.from({ length: 5_000 }, (_, index) => index * 3)
    const columns = [{ name: 'n', type: 'integer', nullable: false }] as const
    await engine.append('t', { length: values.length, columns, values: [values] })
    const result = await engine.queryColumns('SELECT n FROM t')
    assert.deepEqual([...result.numbers('n')], values)
  }),
  check('Q1', 'columns come as typed arrays and texts', async (engine) => {
    await engine.run(SAMPLE_TABLE)
    await engine.append('sample', sample)
    const result = await engine.queryColumns('SELECT * FROM sample')
    assert.equal(result.length, 3)
    assert.deepEqual([...result.numbers('x')], [0.1, -1e300, Number.NaN])
    assert.deepEqual([...result.numbers('flag')], [1, 0, Number.NaN])
    assert.deepEqual([...result.numbers('moment')], [0, 951_782_400_123, Number.NaN])
    assert.deepEqual([...result.numbers('s')], [Number.NaN, Number.NaN, Number.NaN])
    assert.deepEqual(result.texts('s'), ['', 'naïve ☃ \u{1f600}', null])
    assert.deepEqual(result.texts('big'), ['9223372036854775807', '-9223372036854775808', null])
    assert.throws(() => result.numbers('nope'), { code: 'SQL_INVALID' })
  }),
  check('Q1', 'parameters are values, never SQL', async (engine) => {
    const text = "'; DROP TABLE x; --"
    const { rows } = await engine.query('SELECT ?, ?, ?, ?, ?', {
      params: [text, 1, 0.5, null, true],
    })
    assert.deepEqual(rows, [[text, 1, 0.5, null, true]])
  }),
  check('Q1', 'an error says what and where', async (engine) => {
    await assert.rejects(engine.query('SELECT 1,\n  nope FROM range(3)'), {
      code: 'SQL_INVALID',
      details: { position: { line: 2, column: 3 } },
    })
    assert.deepEqual((await engine.query('SELECT 1')).rows, [[1]])
  }),
  check('Q2', 'whole numbers beyond 2^53 - 1 are bigint', async (engine) => {
    const { rows } = await engine.query(
      'SELECT 9007199254740991, 9007199254740992, 9007199254740993, -9007199254740993',
    )
    assert.deepEqual(rows, [
      [9007199254740991, 9007199254740992n, 9007199254740993n, -9007199254740993n],
    ])
  }),
]

const stopChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('Q3', 'close ends a running query', async (engine) => {
    const running = assert.rejects(engine.query(ENDLESS), { code: 'SQL_CANCELLED' })
    await engine.close()
    await running
    await assert.rejects(engine.query('SELECT 1'), { code: 'SQL_CANCELLED' })
  }),
  check('Q4', 'a signal stops its own query and no other', async (engine) => {
    const stop = new AbortController()
    const running = engine.query(ENDLESS, { signal: stop.signal })
    const waiting = engine.query('SELECT 2')
    setTimeout(() => stop.abort(new Error('enough')), 20)
    await assert.rejects(running, { code: 'SQL_CANCELLED' })
    assert.deepEqual((await waiting).rows, [[2]])
  }),
  check('Q4', 'an aborted signal ends a query that waits for its turn', async (engine) => {
    const first = new AbortController()
    const running = engine.query(ENDLESS, { signal: first.signal })
    const second = new AbortController()
    const waiting = engine.query('SELECT 2', { signal: second.signal })
    second.abort()
    await assert.rejects(waiting, { code: 'SQL_CANCELLED' })
    first.abort()
    await assert.rejects(running, { code: 'SQL_CANCELLED' })
  }),
]
