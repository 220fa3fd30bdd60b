import { expect, it } from 'vitest'
import { openGenerator } from '../open-generator.ts'

interface DataSet {
  readonly rows: readonly { readonly x: readonly number[]; readonly label: number }[]
  readonly score: number
}

async function take(from: number, count: number, seed = 1): Promise<DataSet[]> {
  const { source } = await openGenerator('matrices', { seed, events: 400 })
  const sets: DataSet[] = []
  for await (const events of source.events(from)) {
    for (const { bytes } of events) sets.push(JSON.parse(Buffer.from(bytes).toString()) as DataSet)
    if (sets.length >= count) break
  }
  return sets
}

it('gives data sets of 10 rows of 5 numbers with labels, and one label in ten is wrong', async () => {
  const sets = await take(1, 400)
  expect(sets).toHaveLength(400)
  for (const { rows, score } of sets) {
    expect(rows).toHaveLength(10)
    expect(rows.every(({ x }) => x.length === 5 && x.every(Number.isFinite))).toBe(true)
    expect(rows.every(({ label }) => label === 0 || label === 1)).toBe(true)
    expect(score).toBeGreaterThan(0)
  }
  const mean = sets.reduce((sum, { score }) => sum + score, 0) / sets.length
  expect(Math.abs(mean - 0.9)).toBeLessThan(0.02)
  const ones = sets.flatMap(({ rows }) => rows).filter(({ label }) => label === 1).length
  expect(Math.abs(ones / 4_000 - 0.5)).toBeLessThan(0.06)
})

it('goes on anywhere with the same bytes, and another seed gives others', async () => {
  expect((await take(100, 5)).slice(0, 5)).toEqual((await take(1, 104)).slice(99, 104))
  expect(await take(1, 3, 2)).not.toEqual(await take(1, 3, 1))
})
