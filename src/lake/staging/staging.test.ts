/** K: rows that were made beside the server's thread are those that `rowConverter` makes, and so are the rejects. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  envelopeHeaders,
  type Cell,
  type Column,
  type ColumnType,
  type LogRecord,
} from '../../core/index.ts'
import { openSqlEngine, type SqlEngine } from '../../sql/index.ts'
import type { PartitionColumn } from '../lake.ts'
import { copyStagedTo } from '../parquet-writer.ts'
import { tableColumns } from '../record-columns.ts'
import { rowConverter } from '../rows.ts'
import { BatchStager, type StagingSpec } from './batch-stager.ts'
import { frameOf } from './record-frame.ts'

let dir: string
let engine: SqlEngine
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-staging-'))
  engine = await openSqlEngine()
})
afterEach(() => {
  for (const name of readdirSync(dir)) rmSync(join(dir, name))
})
afterAll(async () => {
  await engine.close()
  rmSync(dir, { recursive: true, force: true })
})

const encoder = new TextEncoder()
const record = (
  value: string | Uint8Array | null,
  offset: number,
  rest: Partial<LogRecord> = {},
): LogRecord => ({
  topic: 'events',
  partition: 0,
  offset,
  timestamp: 1_700_000_000_000 + offset,
  key: null,
  headers: [],
  value: typeof value === 'string' ? encoder.encode(value) : value,
  ...rest,
})

const recordsOf = (values: readonly (string | Uint8Array)[]): LogRecord[] =>
  values.map((value, offset) => record(value, offset))

const column = (name: string, type: ColumnType, rest: Partial<Column> = {}): Column => ({
  name,
  type,
  nullable: true,
  ...rest,
})

const specOf = (
  columns: readonly Column[],
  partitionBy: readonly PartitionColumn[] = [],
): StagingSpec => ({ path: join(dir, 'stage'), topic: 'events', columns, partitionBy })

/** As SQL reads them back: times as text, halves of surrogate pairs replaced. The engine's files tell a minus zero from a zero only at times. */
function readable(cell: Cell, { type }: Column): Cell {
  if (type === 'timestamp' && cell !== null) return new Date(Number(cell)).toISOString()
  if (typeof cell === 'bigint' && Number.isSafeInteger(Number(cell))) return Number(cell)
  if (typeof cell === 'string') return cell.replaceAll(/\p{Surrogate}/gu, '\ufffd')
  return cell === 0 ? 0 : cell
}

/** Rows of all parts and the rejects: as staged, and as `rowConverter` makes them. */
async function bothWays(spec: StagingSpec, records: readonly LogRecord[]) {
  const { columns: own, partitionBy, topic } = spec
  const columns = tableColumns({ name: 'events', topic, columns: own, partitionBy })
  const stager = new BatchStager(spec)
  const rejected = stager.add(frameOf(records))
  const staged = stager.finish()
  const found: (readonly unknown[])[] = []
  for (const part of staged.parts) {
    const target = join(dir, 'rows.parquet')
    const source = { ...part, topic, staged: staged.columns }
    await copyStagedTo(engine, target, source, columns, {})
    const { rows } = await engine.query(`FROM read_parquet('${target}', hive_partitioning = false)`)
    expect(rows).toHaveLength(part.rows)
    for (const row of rows) found.push(row.map((cell) => (cell === 0 ? 0 : cell)))
  }
  stager.discard()
  const { rows, rejected: expectedRejects } = rowConverter(own, partitionBy)(records)
  const expected = Array.from({ length: rows.length }, (_, row) =>
    rows.columns.map((one, at) => readable(rows.values[at]![row]!, one)),
  )
  const offsetAt = columns.findIndex(({ name }) => name === '_offset')
  return {
    found: found.toSorted((a, b) => Number(a[offsetAt]) - Number(b[offsetAt])),
    expected,
    rejected: rejected.map(([index, issues]) => ({ record: records[index], issues })),
    expectedRejects,
    staged,
  }
}

/** One by one: what differs is then told without the thousands that do not. */
function assertAlike(found: readonly unknown[], expected: readonly unknown[]): void {
  const index = expected.findIndex((one, at) => !isDeepStrictEqual(found[at], one))
  if (index >= 0) expect(found[index]).toEqual(expected[index])
  expect(found).toHaveLength(expected.length)
}

async function assertSame(spec: StagingSpec, records: readonly LogRecord[]) {
  const result = await bothWays(spec, records)
  assertAlike(result.rejected, result.expectedRejects)
  assertAlike(result.found, result.expected)
  return result
}

const ALL_TYPES: readonly Column[] = [
  column('b', 'boolean'),
  column('i', 'integer'),
  column('l', 'int64'),
  column('d', 'double'),
  column('t', 'text'),
  column('n', 'text', { takesNumbers: true }),
  column('at', 'timestamp'),
  column('j', 'json'),
]

/** Texts of JSON values, also of none, that lie near what a reader could get wrong. */
const VALUES = [
  ['true', 'false', 'null', 'True', 'nul', '0', '-0', '-', '00', '01', '1.', '.5', '1e', '1e+'],
  ['1.0', '1.5', '-1.25', '1e3', '1E-2', '1e400', '-1e400', '0.1', '0.30000000000000004'],
  ['9007199254740991', '-9007199254740991', '9007199254740992', '9007199254740993', '5e-324'],
  ['123456789012345', '1234567890123456', '0.000000000000001', '1.7976931348623157e308', '1e22'],
  ['123456789.123456', '0.1234567890123456789', '999999999999999.9', '1e-7', '-0.0', '- 1', '+1'],
  ['"9223372036854775807"', '"-9223372036854775808"', '"9223372036854775808"', '"12"', '"-"'],
  ['""', '"a"', '"☃ 🚂 é"', '"\\u2603"', '"\\ud83d\\ude82"', '"\\ud83d"', '"\\u0000"', '"a\\"b"'],
  ['"\\n\\t\\\\"', '"\\x"', '"\\u12"', '"open', '"a\u0001"', '"tab\t"', `"${'x'.repeat(100)}"`],
  ['"2020-02-29T12:00:00Z"', '"2021-02-29T12:00:00Z"', '"2020-01-31T23:59:59.999Z"'],
  ['"2020-01-01T00:00:00.1234567Z"', '"2020-01-01T00:00:00.12Z"', '"2020-01-01T00:00Z"'],
  ['"2020-01-01T24:00:00Z"', '"2020-13-01T00:00:00Z"', '"2020-01-01T00:00:00"', '"2020-01-01"'],
  ['"2020-01-01T00:00:00+01:00"', '"1970-01-01T00:00:00.5Z"', '"0099-03-01T00:00:00Z"'],
  ['"1900-03-01T00:00:00Z"', '"9999-12-28T23:59:59.999Z"', '"2020-01-01T00:00:00.Z"'],
  ['"2000-03-01T00:60:00Z"', '"2020-00-10T00:00:00Z"', '"2020-01-00T00:00:00Z"'],
  ['{}', '[]', '{"a":[1,2.50,null]}', '[9007199254740993]', '{"b":1}', '[1', '{'],
].flat()

test('each value in each type of column', async () => {
  const events = ALL_TYPES.flatMap(({ name }) => VALUES.map((value) => `{"${name}":${value}}`))
  await assertSame(specOf(ALL_TYPES), recordsOf(events))
})

describe('events of any form', () => {
  const columns = ALL_TYPES.map((one, at) => ({ ...one, nullable: at % 2 === 0 }))
  const space = fc.constantFrom('', '', '', ' ', '\n', '\t\r ', '\f', '\u00a0')
  const name = fc.constantFrom(
    ...columns.map((one) => one.name),
    'unknown',
    'b2',
    'I',
    '',
    '\\u0062',
    '__proto__',
    'constructor',
    'é',
  )
  const field = fc
    .tuple(space, name, space, space, fc.oneof(fc.constantFrom(...VALUES), fc.json()), space)
    .map(([a, key, b, c, value, d]) => `${a}"${key}"${b}:${c}${value}${d}`)
  const fitting = fc
    .record({
      b: fc.boolean(),
      i: fc.maxSafeInteger(),
      l: fc.oneof(fc.maxSafeInteger(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String)),
      d: fc.double({ noNaN: true, noDefaultInfinity: true }),
      t: fc.string({ unit: 'binary' }),
      n: fc.oneof(fc.string(), fc.maxSafeInteger()),
      at: fc
        .date({ min: new Date('1900-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
        .map((time) => time.toISOString()),
      j: fc.jsonValue(),
    })
    .map((event) => JSON.stringify(event))
  const loose = fc
    .tuple(space, fc.array(field, { maxLength: 6 }), fc.constantFrom('', '', '', ',', '}', 'x'))
    .map(([before, fields, after]) => `${before}{${fields.join(',')}}${after}`)
  const cut = fc.tuple(fitting, fc.nat(400), fc.nat(255)).map(([text, at, byte]) => {
    const bytes = encoder.encode(text)
    bytes[at % bytes.length] = byte
    return bytes
  })
  const value = fc.oneof(fitting, loose, cut)

  test.each([0, 1])(
    'are the same rows and the same rejects',
    { timeout: 60_000 },
    async (round) => {
      const spec = specOf(round === 0 ? columns : ALL_TYPES)
      const values = fc.sample(value, { numRuns: 3_000, seed: 42 + round })
      const { found, rejected } = await assertSame(spec, recordsOf(values))
      expect(found.length).toBeGreaterThan(300)
      expect(rejected.length).toBeGreaterThan(300)
    },
  )
})

test('a record’s own facts, wherever its bytes lie', async () => {
  const shared = encoder.encode('key-a{"t":"one"}between{"t":"two"}key-b')
  const headers = envelopeHeaders({
    id: 'e-1',
    source: 'http',
    type: 'rated',
    time: '2020-01-01T00:00:00.5Z',
  })
  const records = [
    record(shared.subarray(5, 16), 0, { key: shared.subarray(0, 5), headers }),
    record(shared.subarray(23, 34), 1, { key: shared.subarray(34), headers }),
    record(shared.subarray(5, 16), 2, { key: Uint8Array.of(0xff, 0x41), headers: [] }),
    record('{"t":"own"}', 3, {
      headers: [...headers, ...envelopeHeaders({ id: 'é', source: '', time: 'never' })],
    }),
    record('{}', 4, { headers: [{ key: 'ce_id', value: null }], timestamp: -1 }),
    record(null, 5),
  ]
  const { found } = await assertSame(specOf([column('t', 'text')]), records)
  expect(found).toHaveLength(5)
})

test('columns whose names JSON cannot write plainly, and those of objects', async () => {
  const names = ['a"b', 'back\\slash', 'line\nbreak', 'constructor', '__proto__', 'é']
  const events = names.flatMap((one) => [
    `{${JSON.stringify(one)}:"x"}`,
    `{"${one}":"x"}`,
    JSON.stringify({ [one]: null }),
  ])
  for (const columns of [names, names.slice(3)]) {
    const spec = specOf(columns.map((one) => column(one, 'text')))
    await assertSame(spec, recordsOf(events))
    rmSync(join(dir, 'rows.parquet'))
  }
})

test('row groups, and rows without a value among others', async () => {
  const events = Array.from({ length: 130_000 }, (_, n) =>
    n % 7 === 3 ? '{}' : `{"i":${n},"t":"text ${n % 10}"}`,
  )
  const spec = specOf([column('i', 'integer'), column('t', 'text')])
  const { found } = await assertSame(spec, recordsOf(events))
  expect(found).toHaveLength(130_000)
})

describe('folders', () => {
  const columns = [column('t', 'text'), column('i', 'integer')]
  const byTextAndDay: PartitionColumn[] = [
    { name: 'day', from: '_timestamp', unit: 'day' },
    { name: 't', from: 't' },
  ]
  const events = (count: number, values: number) =>
    Array.from({ length: count }, (_, n) =>
      record(n % 10 === 9 ? '{"t":1}' : `{"t":"v${n % values}"}`, n, {
        timestamp: 1_700_000_000_000 + n * 3_600_000,
      }),
    )

  test('have each row once, with the columns that were made', async () => {
    const { staged } = await assertSame(specOf(columns, byTextAndDay), events(200, 3))
    expect(staged.parts.length).toBeGreaterThan(20)
    expect(staged.parts[0]?.folder).toBe('day=2023-11-14/t=v0')
  })

  test('are a thousand at most, the others share one, and another order of arrival is told', () => {
    const byText: PartitionColumn[] = [{ name: 't', from: 't' }]
    const stagerInOrder = new BatchStager(specOf(columns, byText))
    stagerInOrder.add(frameOf(events(3_000, 1_200)))
    const staged = stagerInOrder.finish()
    expect(staged.parts).toHaveLength(1_001)
    expect(staged.parts.reduce((sum, { rows }) => sum + rows, 0)).toBe(2_700)
    expect(staged.beyondFolders).toBeGreaterThan(0)
    expect(staged.needsLakeOrder).toBe(false)
    stagerInOrder.discard()
    const stager = new BatchStager(specOf(columns, byText))
    const [first, ...rest] = events(2_000, 1_200)
    stager.add(frameOf([{ ...first!, partition: 1 }, ...rest]))
    expect(stager.finish().needsLakeOrder).toBe(true)
    stager.discard()
  })
})

test('an offset that does not ascend is refused, and nothing stays behind', () => {
  const stager = new BatchStager(specOf([column('i', 'integer')]))
  stager.add(frameOf([record('{"i":1}', 1)]))
  expect(() => stager.add(frameOf([record('{"i":1}', 1)]))).toThrow('offset 1 of partition 0')
  stager.discard()
  expect(readdirSync(dir)).toEqual([])
})
