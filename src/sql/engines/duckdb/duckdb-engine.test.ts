import { afterEach, describe, expect, it } from 'vitest'
import type { SqlEngine } from '../../engine.ts'
import { sqlEngineConformance } from '../../engine.conformance.ts'
import { openDuckdbEngine } from './duckdb-engine.ts'

describe('duckdb engine conformance', () => {
  for (const check of sqlEngineConformance(openDuckdbEngine))
    it(`${check.guarantee}: ${check.name}`, check.run)
})

describe('duckdb values', () => {
  let engine: SqlEngine
  afterEach(() => engine.close())
  const values = async (list: string) => {
    engine = await openDuckdbEngine()
    return (await engine.query(`SELECT ${list}`)).rows[0]
  }

  it('nested values come as JSON', async () => {
    expect(
      await values(
        "[1, NULL], {a: 1, b: [timestamptz '2020-01-01 00:00:00Z']}, map {'k': 2}, map {1: 2}",
      ),
    ).toEqual([
      [1, null],
      { a: 1, b: ['2020-01-01T00:00:00.000Z'] },
      { k: 2 },
      [{ key: 1, value: 2 }],
    ])
  })

  it('exotic values come as text', async () => {
    expect(
      await values(
        "1.50::decimal(10,2), interval 1 day, date '2020-02-29', time '01:02:03', 'a'::blob, timestamp '1969-12-31 23:59:59.123456', 'infinity'::timestamptz, '00000000-0000-0000-0000-000000000001'::uuid",
      ),
    ).toEqual([
      '1.50',
      '1 day',
      '2020-02-29',
      '01:02:03',
      'YQ==',
      '1969-12-31T23:59:59.123456',
      'infinity',
      '00000000-0000-0000-0000-000000000001',
    ])
  })

  it('a sum of whole numbers is a number', async () => {
    expect(await values('(SELECT sum(range) FROM range(5)), count(*)')).toEqual([10, 1])
  })

  it('a query over its memory limit says so and the engine lives', async () => {
    engine = await openDuckdbEngine({ memoryBytes: 64 * 1024 ** 2 })
    await expect(engine.query('SELECT list(range) FROM range(30000000)')).rejects.toMatchObject({
      code: 'SQL_OUT_OF_MEMORY',
    })
    expect((await engine.query('SELECT 1')).rows).toEqual([[1]])
  })
})
