import { expect, test } from 'vitest'
import { canonicalCategories, selectRows } from './dataset.ts'
import type { Dataset } from './model.ts'
import { openKind, parseParams } from './open-model.ts'
import { createPacer } from './pacer.ts'
import { fitStandardizer, standardize } from './standardizer.ts'

const data: Dataset = {
  matrix: { names: ['b', 'a'], rows: 3, values: Float64Array.of(1, 10, 2, 20, Number.NaN, 60) },
  categories: [{ name: 'user', levels: ['z', 'unused', 'y'], codes: Int32Array.of(2, 0, -1) }],
  label: Float64Array.of(0, 1, 2),
  weight: Float64Array.of(1, 2, 3),
}

test('rows are selected from every part, in the order asked for, as often as asked for', () => {
  expect(selectRows(data, [2, 0, 0])).toEqual({
    matrix: { names: ['b', 'a'], rows: 3, values: Float64Array.of(Number.NaN, 60, 1, 10, 1, 10) },
    categories: [{ name: 'user', levels: ['z', 'unused', 'y'], codes: Int32Array.of(-1, 2, 2) }],
    label: Float64Array.of(2, 0, 0),
    weight: Float64Array.of(3, 1, 1),
  })
})

test('trap 14: levels without rows go, the others are sorted by text', () => {
  expect(canonicalCategories(data.categories)).toEqual([
    { name: 'user', levels: ['y', 'z'], codes: Int32Array.of(0, 1, -1) },
  ])
})

test('standardized columns are sorted by name; missing is the mean, constant is 0', async () => {
  const matrix = {
    names: ['c', 'a', 'empty'],
    rows: 3,
    values: Float64Array.of(7, 1, Number.NaN, 7, 3, Infinity, Number.NaN, Number.NaN, Number.NaN),
  }
  const standardizer = await fitStandardizer(matrix, createPacer({ seed: 1 }))
  expect(standardizer).toEqual({
    names: ['a', 'c', 'empty'],
    mean: Float64Array.of(2, 7, 0),
    deviation: Float64Array.of(1, 0, 0),
  })
  const out = new Float64Array(9)
  const missing: string[] = []
  standardize(standardizer, matrix, out, (row, name) => missing.push(`${row} ${name}`))
  expect([...out]).toEqual([-1, 0, 0, 1, 0, 0, 0, 0, 0])
  expect(missing).toEqual(['0 empty', '1 empty', '2 a', '2 c', '2 empty'])
})

test('parameters get their defaults, and a wrong one is named', async () => {
  const kind = await openKind('kmeans')
  expect(parseParams(kind, { k: 3 })).toEqual({
    k: 3,
    restarts: 5,
    maxIterations: 100,
    batchRows: 0,
    tolerance: 1e-4,
  })
  expect(() => parseParams(kind, { k: 0 })).toThrow('"kmeans" is wrong at "/k"')
  expect(() => parseParams(kind, { clusters: 3 })).toThrow('/clusters')
})
