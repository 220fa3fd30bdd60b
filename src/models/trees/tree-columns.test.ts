import { expect, test } from 'vitest'
import { binOfValue, createRandom } from '../../kernels/index.ts'
import { createPacer } from '../pacer.ts'
import { chooseColumns, chooseCuts, columnBins } from './tree-columns.ts'

test('few values get a bin each, cut half-way', () => {
  const cuts = chooseCuts(Float64Array.of(1, 1, 1, 2, 4, 4), 255)
  expect([...cuts]).toEqual([1.5, 3])
  expect([Number.NaN, -9, 1, 1.5, 1.6, 3, 4, Infinity].map((x) => binOfValue(cuts, x))).toEqual([
    0, 1, 1, 1, 2, 2, 3, 0,
  ])
})

test('many values are cut into bins of equal size, and a frequent one keeps its own', () => {
  const random = createRandom(3)
  const values = Float64Array.from({ length: 10_000 }, () =>
    random.uniform() < 0.4 ? 0 : random.gaussian(),
  ).toSorted()
  const cuts = chooseCuts(values, 50)
  expect(cuts.length).toBe(49)
  const size = new Int32Array(51)
  for (const x of values) size[binOfValue(cuts, x)]! += 1
  expect(size[0]).toBe(0)
  const zeros = size[binOfValue(cuts, 0)]!
  expect(zeros).toBe(values.filter((x) => x === 0).length)
  const others = [...size.subarray(1)].filter((count) => count !== zeros)
  // The last bin before the frequent value ends where it begins, full or not.
  const full = others.toSorted((a, b) => a - b).slice(1)
  expect(Math.max(...full)).toBeLessThan((1.2 * 6_000) / 49)
  expect(Math.min(...full)).toBeGreaterThan((0.8 * 6_000) / 49)
})

test('neighbours without a number between them, and the largest numbers, are still apart', () => {
  const next = 1 + Number.EPSILON
  const cuts = chooseCuts(Float64Array.of(-Number.MAX_VALUE, 1, next, Number.MAX_VALUE), 255)
  const bins = [-Number.MAX_VALUE, 1, next, Number.MAX_VALUE].map((x) => binOfValue(cuts, x))
  expect(bins).toEqual([1, 2, 3, 4])
  expect(cuts.every((cut) => Number.isFinite(cut))).toBe(true)
})

test('of 1,000 levels the 9 most frequent keep a bin, the others share the tenth', async () => {
  const rows = 2_000
  const codes = Int32Array.from({ length: rows }, (_, r) => (r < 1_000 ? r : r % 9))
  const levels = Array.from({ length: 1_000 }, (_, code) => `l${String(code).padStart(4, '0')}`)
  const data = {
    matrix: { names: [], rows, values: new Float64Array(0) },
    categories: [{ name: 'c', levels, codes }],
  }
  const columns = await chooseColumns(data, 10, 1, createPacer({ seed: 1 }))
  expect(columnBins(columns)).toEqual([11])
  const { binOf } = columns.categories[0]!
  expect([...binOf.subarray(0, 9)].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(new Set(binOf.subarray(9))).toEqual(new Set([10]))
})
