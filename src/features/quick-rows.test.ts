import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { columnsOf, type LogRecord } from '../core/index.ts'
import { createRandom } from '../kernels/index.ts'
import { rowConverter } from '../lake/index.ts'
import type { FeatureTable } from './feature-view.ts'
import { createQuickRows } from './quick-rows.ts'

const table: FeatureTable = {
  name: 't',
  topic: 't',
  eventTime: 'ts',
  columns: columnsOf(
    z.object({
      ts: z.int(),
      user: z.union([z.string(), z.int()]),
      page: z.string().nullish(),
      length: z.number().nullish(),
      isNew: z.boolean().optional(),
      at: z.iso.datetime().nullish(),
      more: z.array(z.int()).optional(),
    }),
  ),
}

const recordOf = (value: string, offset: number): LogRecord => ({
  topic: 't',
  partition: 0,
  offset,
  timestamp: 1_000 + offset,
  key: offset % 2 === 0 ? null : Buffer.from(`k${offset}`),
  value: Buffer.from(value),
  headers: [],
})

const VALUES = [
  '1', '-1', '1.5', '0', '-0', '1e2', '9007199254740993', 'true', 'false', 'null', '"x"', '"\\u00e9"', '"é"', '""', '[1]', '{}',
  '"2018-10-01T00:00:00Z"', '"open', '',
] // prettier-ignore
const NAMES = ['ts', 'user', 'page', 'length', 'isNew', 'at', 'more', 'other', 'constructor']

describe('the short way from records to rows', () => {
  it('gives the columns that the whole conversion gives, or leaves the records to it', () => {
    const random = createRandom(11)
    const pick = <T>(of: readonly T[]): T => of[random.int(of.length)]!
    const needed = new Set([
      'ts',
      'user',
      'page',
      'length',
      'isNew',
      '_offset',
      '_key',
      '_timestamp',
    ])
    const quick = createQuickRows(table, needed)
    const convert = rowConverter(table.columns)
    let known = 0
    for (let round = 0; round < 5_000; round++) {
      const records = Array.from({ length: 1 + random.int(3) }, (_, offset) => {
        const fields = [
          ['ts', '1538353732000'],
          ['user', pick(['"u"', '7'])],
          ['length', '1.5'],
        ]
        for (let more = random.int(3); more > 0; more--) fields.push([pick(NAMES), pick(VALUES)])
        return recordOf(
          `{${fields.map(([name, value]) => `"${name}":${value}`).join(', ')}}`,
          offset,
        )
      })
      const rows = quick?.(records)
      if (rows === undefined) continue
      known++
      const { rows: all, rejected } = convert(records)
      expect(rejected).toEqual([])
      expect(rows.length).toBe(all.length)
      expect(rows.columns.map(({ name }) => name)).toEqual([...needed].toSorted(inTable))
      for (const [at, { name }] of rows.columns.entries()) {
        const same = all.columns.findIndex((column) => column.name === name)
        expect(rows.values[at], name).toEqual(all.values[same])
      }
    }
    expect(known).toBeGreaterThan(500)
  })

  it('says nothing where a column of the envelope is needed, and of tombstones', () => {
    expect(createQuickRows(table, new Set(['ts', '_id']))).toBeUndefined()
    const tombstone = { ...recordOf('', 0), value: null }
    expect(createQuickRows(table, new Set(['ts']))?.([tombstone])).toBeUndefined()
  })
})

const ORDER = ['ts', 'user', 'page', 'length', 'isNew', '_offset', '_timestamp', '_key']
const inTable = (a: string, b: string): number => ORDER.indexOf(a) - ORDER.indexOf(b)
