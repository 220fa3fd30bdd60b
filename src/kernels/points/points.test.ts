import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createRandom } from '../random.ts'
import { createReferencePoints } from './points-reference.ts'
import { createWasmPoints } from './points-wasm.ts'
import { createPoints, type Points } from './points.ts'

/** How the values of a set of points are drawn. */
const DRAWS = {
  normal: (random: ReturnType<typeof createRandom>) => random.gaussian(),
  // Many rows lie half-way between centers.
  grid: (random: ReturnType<typeof createRandom>) => random.int(4),
  // Single precision tells nothing apart, or overflows.
  'far away': (random: ReturnType<typeof createRandom>) => 1e7 + random.gaussian(),
  huge: (random: ReturnType<typeof createRandom>) => 3e37 * random.gaussian(),
  tiny: (random: ReturnType<typeof createRandom>) => 1e-40 * random.gaussian(),
} as const
type Draw = keyof typeof DRAWS

function fill(points: Points, draw: Draw): void {
  const random = createRandom(points.columns)
  const { rows, columns, stride } = points
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) points.values[r * stride + j] = DRAWS[draw](random)
    points.weights[r] = 0.5 + random.uniform()
  }
}

const bytesOf = (...arrays: readonly (Float64Array | Int32Array)[]): string[] =>
  arrays.map((array) =>
    createHash('sha256')
      .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
      .digest('hex'),
  )

/** Everything that points compute, some rows as centers, as bytes. */
function answers(points: Points, count: number): string[] {
  const { rows, columns, stride, values } = points
  const centers = new Float64Array(count * columns)
  for (let c = 0; c < count; c++) {
    const from = ((c * 7) % rows) * stride
    for (let j = 0; j < columns; j++) centers[c * columns + j] = values[from + j]! * 1.25
  }
  const middle = Math.floor(rows / 3)
  points.setCenters(centers)
  for (const [from, to] of [
    [0, middle],
    [middle, rows],
  ] as const) {
    points.assign(from, to)
    points.addUp(from, to)
    points.measure(from, to)
  }
  const { total, mass, size } = points.takeSums()
  const [cluster, distance] = [points.cluster.slice(), points.distance.slice()]
  const again = points.takeSums()
  const costs = new Float64Array(count)
  points.distance.fill(2)
  points.weigh(costs, 0, rows)
  points.lower(count - 1, 0, rows)
  return bytesOf(cluster, distance, total, mass, size, again.total, costs, points.distance)
}

test('the WebAssembly points are the ones that run', () => {
  const points = createPoints({ rows: 10, columns: 3, centers: 2 })
  expect(points.runs).toBe('wasm')
  points.close()
})

for (const draw of Object.keys(DRAWS) as Draw[]) {
  test(`WebAssembly on any number of threads and TypeScript give the same bits: ${draw} values`, () => {
    for (const [rows, columns, count] of [
      [1, 1, 1],
      [7, 2, 3],
      [33, 4, 16],
      [50, 7, 17],
      [301, 29, 40],
      [9_001, 28, 100],
    ] as const) {
      const shape = { rows, columns, centers: count }
      const plain = createReferencePoints(shape)
      fill(plain, draw)
      const expected = answers(plain, count)
      for (const threads of [1, 2, 3]) {
        const fast = createWasmPoints({ ...shape, threads })
        if (!fast) throw new Error('points.wasm is missing: run "npm run build"')
        fill(fast, draw)
        expect(answers(fast, count), `${rows} × ${columns}, ${threads} threads`).toEqual(expected)
        fast.close()
      }
    }
  })
}

/** Clusters after each of some moves of the centers, as bytes. */
function clustersOfMoves(points: Points, count: number): string[] {
  const { rows, columns, stride, values } = points
  const random = createRandom(count)
  const centers = Float64Array.from(
    { length: count * columns },
    (_, at) => values[((((at / columns) * 3) % rows) | 0) * stride + (at % columns)]!,
  )
  points.setCenters(centers)
  return Array.from({ length: 8 }, (_, move) => {
    for (const [from, to] of [
      [0, rows >> 1],
      [rows >> 1, rows],
    ] as const)
      points.assign(from, to)
    // Some far, some a little, some not at all.
    centers.forEach((x, at) => {
      const far = at % 7 === move ? 0.5 : at % 3 === 0 ? 0 : 0.02
      centers[at] = x * (1 + far * random.gaussian())
    })
    points.moveCenters(centers)
    return bytesOf(points.cluster.slice())[0]!
  })
}

for (const draw of Object.keys(DRAWS) as Draw[]) {
  test(`bounds that follow the centers change no cluster: ${draw} values`, () => {
    for (const [rows, columns, count] of [
      [7, 2, 3],
      [301, 29, 40],
      [2_001, 3, 200],
      [9_001, 28, 100],
    ] as const) {
      const shape = { rows, columns, centers: count }
      const plain = createReferencePoints(shape)
      fill(plain, draw)
      const expected = clustersOfMoves(plain, count)
      for (const threads of [1, 3]) {
        const fast = createWasmPoints({ ...shape, threads, keepsBounds: true })
        if (!fast) throw new Error('points.wasm is missing: run "npm run build"')
        fill(fast, draw)
        expect(clustersOfMoves(fast, count), `${rows} × ${columns}`).toEqual(expected)
        fast.close()
      }
    }
  })
}

test('the first of equally near centers wins', () => {
  const points = createPoints({ rows: 2, columns: 1, centers: 40 })
  points.values.set([1, 0, 0, 0, 5])
  const centers = new Float64Array(40).fill(9)
  centers.set([5, 1, 1, 5], 20)
  points.setCenters(centers)
  points.assign(0, 2)
  expect([...points.cluster]).toEqual([21, 20])
  points.close()
})
