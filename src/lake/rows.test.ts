import { describe, expect, it } from 'vitest'
import { envelopeHeaders, type Column, type ColumnType, type LogRecord } from '../core/index.ts'
import { convertInTurns, rowConverter, rowsOf } from './index.ts'

const encoder = new TextEncoder()

const record = (value: string | Uint8Array | null, rest: Partial<LogRecord> = {}): LogRecord => ({
  topic: 'events',
  partition: 2,
  offset: 7,
  timestamp: 1_700_000_000_000,
  key: null,
  headers: [],
  value: typeof value === 'string' ? encoder.encode(value) : value,
  ...rest,
})

const column = (type: ColumnType, nullable = false): Column => ({ name: 'v', type, nullable })

/** The cell that a JSON text becomes, or the text of the issue. */
function convert(type: ColumnType, json: string): unknown {
  const { rows, rejected } = rowsOf([record(`{"v":${json}}`)], [column(type)])
  expect(rows.length + rejected.length).toBe(1)
  return rejected.length > 0 ? rejected[0]?.issues.map(({ path }) => path) : rows.values[0]?.[0]
}

const REJECTED = ['/v']

describe('a value becomes the cell of its column, exactly or not at all', () => {
  it.each<[ColumnType, string, unknown]>([
    ['integer', '9007199254740991', 9007199254740991],
    ['integer', '-0', 0],
    ['integer', '1.0', 1],
    ['integer', '9007199254740992', REJECTED],
    ['integer', '9007199254740993', REJECTED],
    ['integer', '1.5', REJECTED],
    ['integer', '"1"', REJECTED],
    ['integer', 'true', REJECTED],
    ['integer', '1e400', REJECTED],
    ['int64', '"9223372036854775807"', 9223372036854775807n],
    ['int64', '"-9223372036854775808"', -9223372036854775808n],
    ['int64', '"9223372036854775808"', REJECTED],
    ['int64', '5', 5n],
    ['int64', '9007199254740993', REJECTED],
    ['int64', '"0x10"', REJECTED],
    ['int64', '""', REJECTED],
    ['double', '0.1', 0.1],
    ['double', '3', 3],
    ['double', '1e300', 1e300],
    ['double', '1e400', REJECTED],
    ['double', '"Infinity"', REJECTED],
    ['text', '""', ''],
    ['text', '"☃"', '☃'],
    ['text', '1', REJECTED],
    ['boolean', 'false', false],
    ['boolean', '0', REJECTED],
    ['timestamp', '"2020-02-29T12:00:00Z"', Date.UTC(2020, 1, 29, 12)],
    ['timestamp', '"2020-01-01T00:00:00.123456+01:00"', Date.UTC(2019, 11, 31, 23, 0, 0, 123)],
    ['timestamp', '"2020-01-01T00:00"', Date.UTC(2020, 0, 1)],
    ['timestamp', '"2021-02-29T12:00:00Z"', REJECTED],
    ['timestamp', '"2020-01-01"', REJECTED],
    ['timestamp', '"January 1, 2020"', REJECTED],
    ['timestamp', '1577836800000', REJECTED],
    ['json', '{"a":[1,2.5,null]}', '{"a":[1,2.5,null]}'],
    ['json', '"text"', '"text"'],
    ['json', '[1e300]', '[1e+300]'],
    ['json', '[1e400]', REJECTED],
    ['json', '[9007199254740993]', REJECTED],
    ['json', '{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
    ['integer', 'null', REJECTED],
  ])('%s %s', (type, json, expected) => {
    expect(convert(type, json)).toEqual(expected)
  })

  it('an absent or null field is null where that is allowed', () => {
    const events = [record('{}'), record('{"v":null}'), record('{"w":1}')]
    expect(rowsOf(events, [column('integer', true)]).rows.values[0]).toEqual([null, null, null])
    expect(rowsOf(events, [column('integer')]).rejected).toHaveLength(3)
  })

  it('a column named like a method of objects is only the event’s own field', () => {
    const columns: Column[] = [{ name: 'constructor', type: 'text', nullable: true }]
    expect(rowsOf([record('{}')], columns).rows.values[0]).toEqual([null])
    expect(rowsOf([record('{"constructor":"x"}')], columns).rows.values[0]).toEqual(['x'])
  })
})

describe('a record that is no event is rejected whole', () => {
  it.each([
    ['a tombstone', null],
    ['no JSON', '{'],
    ['an array', '[]'],
    ['a number', '1'],
    ['not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['nested too deep', `{"v":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
  ])('%s', (_, value) => {
    const bad = record(value)
    const { rows, rejected } = rowsOf([record('{"v":1}'), bad], [column('json')])
    expect(rows.length).toBe(1)
    expect(rejected.map((each) => each.record)).toEqual([bad])
    expect(rejected[0]?.issues[0]?.message).toMatch(/: (send|encode)/)
  })

  it('names every field that is wrong', () => {
    const columns: Column[] = ['a', 'b/c'].map((name) => ({
      name,
      type: 'integer',
      nullable: false,
    }))
    const { rejected } = rowsOf([record('{"a":"1"}')], columns)
    expect(rejected[0]?.issues.map(({ path }) => path)).toEqual(['/a', '/b~1c'])
  })
})

it('the record’s own facts follow the event’s', () => {
  const headers = envelopeHeaders({
    id: 'e-1',
    source: 'http',
    type: 'rated',
    time: '2020-01-01T00:00:00.500Z',
  })
  const { rows } = rowsOf(
    [record('{"v":1}', { key: encoder.encode('k'), headers }), record('{"v":2}')],
    [column('integer')],
  )
  const byName = rows.columns.map(({ name }, index) => [name, rows.values[index]])
  expect(byName).toEqual([
    ['v', [1, 2]],
    ['_topic', ['events', 'events']],
    ['_partition', [2, 2]],
    ['_offset', [7, 7]],
    ['_timestamp', [1_700_000_000_000, 1_700_000_000_000]],
    ['_key', ['k', null]],
    ['_id', ['e-1', null]],
    ['_time', [1_577_836_800_500, null]],
    ['_type', ['rated', null]],
    ['_source', ['http', null]],
  ])
})

describe('many records', () => {
  it.each([0, 1, 500, 501, 1_700])(
    'are, %s in turns, the rows that they are in one go',
    async (count) => {
      const records = Array.from({ length: count }, (_, offset) =>
        record(offset % 7 === 3 ? 'no JSON' : `{"v":${offset}}`, { offset }),
      )
      const rowsOfAll = rowConverter([column('integer')])
      const slowly = await convertInTurns(rowsOfAll, records)
      expect(slowly).toEqual(rowsOfAll(records))
      expect(slowly.rejected.length).toBe(records.filter(({ offset }) => offset % 7 === 3).length)
    },
  )

  it('leave the event loop to others meanwhile', async () => {
    const records = Array.from({ length: 5_000 }, (_, offset) => record('{"v":1}', { offset }))
    let turns = 0
    let isOver = false
    const count = (): void => {
      if (isOver) return
      turns++
      setImmediate(count)
    }
    setImmediate(count)
    await convertInTurns(rowConverter([column('integer')]), records)
    isOver = true
    expect(turns).toBeGreaterThan(5)
  })
})
