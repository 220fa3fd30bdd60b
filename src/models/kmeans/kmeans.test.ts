import { describe, expect, test } from 'vitest'
import { createPoints, createRandom, squaredDistance, type Points } from '../../kernels/index.ts'
import type { Dataset, PredictInput } from '../model.ts'
import { modelConformance } from '../model.conformance.ts'
import { parseParams } from '../open-model.ts'
import { createPacer } from '../pacer.ts'
import { referenceData, REFERENCE } from '../reference-data.testing.ts'
import { fitStandardizer, standardizeInto } from '../standardizer.ts'
import { pointsShape } from './kmeans-points.ts'
import { lloyd } from './kmeans-solver.ts'
import { kmeans } from './kmeans.ts'

describe('conformance', () => {
  for (const params of [{}, { batchRows: 32 }]) {
    for (const { guarantee, name, run } of modelConformance(kmeans, params)) {
      test(`${guarantee} ${name} ${JSON.stringify(params)}`, run)
    }
  }
})

const fit = (data: Dataset, params: Record<string, unknown>, seed = 1) =>
  kmeans.fit(data, parseParams(kmeans, params), { seed })
const table = (names: readonly string[], values: readonly number[]): Dataset => ({
  matrix: { names, rows: values.length / names.length, values: Float64Array.from(values) },
  categories: [],
})
const ask = (names: readonly string[], values: readonly number[]): PredictInput => ({
  ...table(names, values),
  categories: {},
})

const rowOf = ({ values, columns, stride }: Points, r: number): Float32Array =>
  values.subarray(r * stride, r * stride + columns)

test.each(REFERENCE.kmeans)(
  'the inertia of scikit-learn from the same start, k = $k, weights: $weighted',
  async (expected) => {
    const pacer = createPacer({ seed: 1 })
    const { matrix, weight: given } = referenceData(expected.weighted)
    const points = createPoints(pointsShape(60, 3, expected.k))
    await standardizeInto(await fitStandardizer(matrix, pacer), matrix, points, pacer)
    if (given) points.weights.set(given)
    const start = new Float64Array(expected.k * 3)
    for (let c = 0; c < expected.k; c++) start.set(rowOf(points, c), c * 3)
    const found = await lloyd(points, start, { maxIterations: 300, tolerance: 0 }, pacer)
    points.close()
    // Rows are rounded to single precision.
    expect(found.inertia / expected.inertia).toBeCloseTo(1, 7)
    expect([...found.size].toSorted((a, b) => b - a)).toEqual([...expected.size])
  },
)

/** Three blobs around (0, 0), (10, 0) and (0, 10) of 30, 20 and 10 rows. */
function blobs(seed: number): Dataset {
  const random = createRandom(seed)
  const rows = [...Array(60).keys()].flatMap((r) => {
    const center = r < 30 ? [0, 0] : r < 50 ? [10, 0] : [0, 10]
    return center.map((x) => x + 0.3 * random.gaussian())
  })
  return table(['x', 'y'], rows)
}

test('three blobs are found, largest first, with readable labels and centroids in the original units', async () => {
  const fitted = await fit(blobs(1), { k: 3 })
  const profiles = fitted.profiles()
  expect(profiles.map(({ id, size, share }) => [id, size, share])).toEqual([
    [0, 30, 0.5],
    [1, 20, 20 / 60],
    [2, 10, 10 / 60],
  ])
  expect(profiles.map((profile) => profile.label)).toEqual([
    'low x, low y',
    'high x, low y',
    'high y, low x',
  ])
  expect(profiles[1]!.centroid['x']).toBeCloseTo(10, 0)
  expect(profiles[2]!.centroid['y']).toBeCloseTo(10, 0)
  const { cluster, distance, unknown } = fitted.assign(
    ask(['y', 'x'], [0, 10, 10, 0, 0, 0, Number.NaN, 10]),
  )
  expect([...cluster]).toEqual([1, 2, 0, 1])
  expect(distance[0]).toBeLessThan(0.2)
  expect(unknown).toEqual([undefined, undefined, undefined, ['y']])
})

test('fewer distinct rows than k give as many clusters', async () => {
  const fitted = await fit(table(['x'], [1, 1, 1, 5, 5]), { k: 4 })
  const profiles = fitted.profiles()
  expect(profiles.map(({ size }) => size)).toEqual([3, 2])
  expect(profiles[0]!.centroid['x']).toBeCloseTo(1, 12)
  expect(profiles[1]!.centroid['x']).toBeCloseTo(5, 12)
})

test('a cluster that loses its rows takes the farthest one', async () => {
  // All three starts at the same place: two clusters get no row at first.
  const points = createPoints(pointsShape(4, 1, 3))
  for (const [r, x] of [0, 0, 10, 100].entries()) rowOf(points, r)[0] = x
  const limits = { maxIterations: 20, tolerance: 0 }
  const found = await lloyd(points, Float64Array.of(0, 0, 0), limits, createPacer({ seed: 1 }))
  points.close()
  expect([...found.centroids].toSorted((a, b) => a - b)).toEqual([0, 10, 100])
  expect(found.inertia).toBe(0)
})

describe('the iterations of the kernel', () => {
  /** Lloyd's iterations as they are written, every row to every centroid, in double precision. */
  function plain(points: Points, start: Float64Array, iterations: number): Float64Array {
    const { rows, columns } = points
    const k = start.length / columns
    const centroids = start.slice()
    for (let i = 0; i < iterations; i++) {
      const [total, mass] = [new Float64Array(k * columns), new Float64Array(k)]
      for (let r = 0; r < rows; r++) {
        const row = Float64Array.from(rowOf(points, r))
        const distances = Float64Array.from({ length: k }, (_, c) =>
          squaredDistance(row, 0, centroids, c * columns, columns),
        )
        const nearest = distances.indexOf(Math.min(...distances))
        mass[nearest]! += 1
        row.forEach((x, j) => (total[nearest * columns + j]! += x))
      }
      total.forEach((sum, at) => {
        const own = mass[Math.floor(at / columns)]!
        if (own > 0) centroids[at] = sum / own
      })
    }
    return centroids
  }

  test.each([
    { k: 2, columns: 1, cells: 7 },
    { k: 7, columns: 4, cells: 0 },
    { k: 20, columns: 2, cells: 9 },
    { k: 40, columns: 8, cells: 0 },
  ])(
    'are those of the equation to the last bit: k = $k, $columns columns, grid of $cells',
    async ({ k, columns, cells }) => {
      const random = createRandom(k)
      const points = createPoints(pointsShape(3_000, columns, k))
      // On a grid many rows lie half-way between centroids.
      const draw = (): number => (cells > 0 ? random.int(cells) : random.gaussian())
      for (let r = 0; r < 3_000; r++) rowOf(points, r).set(Array.from({ length: columns }, draw))
      const start = Float64Array.from({ length: k * columns }, (_, at) => {
        const [c, j] = [Math.floor(at / columns), at % columns]
        // Points of the grid that are all different, or rows.
        return cells > 0 ? 2 * (Math.floor(c / 5 ** j) % 5) : rowOf(points, c)[j]!
      })
      const limits = { maxIterations: 25, tolerance: 0 }
      const found = await lloyd(points, start, limits, createPacer({ seed: 1 }))
      expect(found.centroids).toEqual(plain(points, start, found.iterations))
      points.close()
    },
  )
})

test('mini-batches come near to the inertia of all rows, the seed decides, and sizes count every row', async () => {
  const random = createRandom(8)
  const values = Array.from({ length: 20_000 }, (_, at) => {
    const cluster = Math.floor(at / 2) % 8
    return 6 * (at % 2 ? cluster % 3 : Math.floor(cluster / 3)) + random.gaussian()
  })
  const data = table(['x', 'y'], values)
  const inertia = (fitted: Awaited<ReturnType<typeof fit>>): number =>
    fitted.save().facts['inertia'] as number
  const all = await fit(data, { k: 8 })
  const some = await fit(data, { k: 8, batchRows: 500 })
  expect(inertia(some) / inertia(all)).toBeLessThan(1.05)
  expect(some.profiles().reduce((sum, { size }) => sum + size, 0)).toBe(10_000)
  const again = await fit(data, { k: 8, batchRows: 500 })
  expect(again.save()).toEqual(some.save())
  expect((await fit(data, { k: 8, batchRows: 500 }, 2)).save()).not.toEqual(some.save())
})

test('weights move a centroid', async () => {
  const data = { ...table(['x'], [0, 1]), weight: Float64Array.of(3, 1) }
  const fitted = await fit(data, { k: 1 })
  expect(fitted.profiles()[0]!.centroid['x']).toBeCloseTo(0.25, 12)
})

describe('matchTo', () => {
  test('S4.7: ids go on from the version before, whatever the sizes are now', async () => {
    const earlier = (await fit(blobs(1), { k: 3 })).profiles()
    const data = blobs(2)
    // The rows around (10, 0) three times: now the largest cluster, which fit alone would number 0.
    const values = [...data.matrix.values]
    const more = values.slice(60, 100)
    const next = await fit(table(['x', 'y'], [...values, ...more, ...more]), { k: 3 }, 9)
    expect(next.profiles()[0]!.centroid['x']).toBeCloseTo(10, 0)
    const matched = next.matchTo(earlier)
    expect(matched.profiles().map(({ id, size }) => [id, size])).toEqual([
      [0, 30],
      [1, 60],
      [2, 10],
    ])
    const question = ask(['x', 'y'], [10, 0, 0, 10])
    expect([...matched.assign(question).cluster]).toEqual([1, 2])
    expect([...kmeans.load(matched.save()).assign(question).cluster]).toEqual([1, 2])
    expect([...next.assign(question).cluster]).toEqual([0, 2])
  })

  test('a new cluster gets a new id, a lost one leaves a gap', async () => {
    const three = await fit(blobs(1), { k: 3 })
    const two = await fit(table(['x', 'y'], [...blobs(1).matrix.values].slice(60)), { k: 2 })
    expect(
      two
        .matchTo(three.profiles())
        .profiles()
        .map(({ id }) => id),
    ).toEqual([1, 2])
    const grown = three.matchTo(two.matchTo(three.profiles()).profiles())
    expect(grown.profiles().map(({ id, size }) => [id, size])).toEqual([
      [1, 20],
      [2, 10],
      [3, 30],
    ])
  })

  test('versions without a common feature keep their own ids', async () => {
    const earlier = (await fit(table(['z'], [1, 2, 3, 9]), { k: 2 })).profiles()
    const fitted = await fit(blobs(1), { k: 3 })
    expect(fitted.matchTo(earlier).profiles()).toEqual(fitted.profiles())
  })
})
