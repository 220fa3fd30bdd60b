import { expect, test } from 'vitest'
import { createRandom, type Random } from '../../kernels/index.ts'
import { goesLeft, scoreRows, type TreeEnsemble } from './tree-ensemble.ts'
import { addContributions, expectedScore } from './tree-explainer.ts'

const SEED = 99
const COLUMNS = 4
const DEPTH = 4

/** Full trees of random splits; the same input may come twice on a path. */
function randomEnsemble(trees: number, random: Random): TreeEnsemble {
  const perTree = 2 ** (DEPTH + 1) - 1
  const size = trees * perTree
  const starts = Int32Array.from({ length: trees + 1 }, (_, t) => t * perTree)
  const column = new Int32Array(size)
  const left = new Int32Array(size)
  const cover = new Int32Array(size)
  for (let at = size - 1; at >= 0; at--) {
    const inTree = at % perTree
    const isLeaf = inTree >= 2 ** DEPTH - 1
    column[at] = isLeaf ? -1 : random.int(COLUMNS)
    left[at] = isLeaf ? 0 : at + inTree + 1
    cover[at] = isLeaf ? 1 + random.int(9) : cover[left[at]!]! + cover[left[at]! + 1]!
  }
  return {
    inputs: { features: ['a', 'b', 'c', 'd'], categories: [] },
    base: 0.5,
    starts,
    column,
    threshold: Float64Array.from({ length: size }, () => random.gaussian()),
    missingLeft: Uint8Array.from({ length: size }, () => random.int(2)),
    left,
    subset: new Int32Array(size).fill(-1),
    subsets: new Uint8Array(0),
    value: Float64Array.from({ length: size }, (_, at) =>
      column[at]! < 0 ? random.gaussian() : 0,
    ),
    cover,
    gain: new Float64Array(size),
  }
}

/** The score when only the inputs of `known` are (bits): other splits count both ways, by training rows. */
function scoreKnowing(ensemble: TreeEnsemble, row: Float64Array, known: number): number {
  const { starts, column, left, value, cover } = ensemble
  const walk = (at: number): number => {
    const j = column[at]!
    if (j < 0) return value[at]!
    const [a, b] = [left[at]!, left[at]! + 1]
    if (known & (1 << j)) return walk(goesLeft(ensemble, at, row[j]!) ? a : b)
    return (cover[a]! * walk(a) + cover[b]! * walk(b)) / cover[at]!
  }
  return starts.subarray(0, -1).reduce((sum, root) => sum + walk(root), ensemble.base)
}

/** Shapley values by their definition: the mean over all orders of what an input adds to those before it. */
function shapley(ensemble: TreeEnsemble, row: Float64Array): number[] {
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))
  const bitCount = (set: number): number => set.toString(2).replaceAll('0', '').length
  return Array.from({ length: COLUMNS }, (_, j) => {
    let sum = 0
    for (let set = 0; set < 1 << COLUMNS; set++) {
      if (set & (1 << j)) continue
      const size = bitCount(set)
      const weight = (factorial(size) * factorial(COLUMNS - size - 1)) / factorial(COLUMNS)
      const gained = scoreKnowing(ensemble, row, set | (1 << j)) - scoreKnowing(ensemble, row, set)
      sum += weight * gained
    }
    return sum
  })
}

test('contributions equal Shapley values by their definition, with missing values', () => {
  const random = createRandom(SEED)
  const ensemble = randomEnsemble(3, random)
  const count = 20
  const rows = Float64Array.from({ length: count * COLUMNS }, () =>
    random.uniform() < 0.2 ? Number.NaN : random.gaussian(),
  )
  const out = new Float64Array(rows.length)
  addContributions(ensemble, rows, count, out)
  const score = scoreRows(ensemble, rows, count)
  const base = expectedScore(ensemble)
  for (let r = 0; r < count; r++) {
    const row = rows.subarray(r * COLUMNS, (r + 1) * COLUMNS)
    const parts = out.subarray(r * COLUMNS, (r + 1) * COLUMNS)
    shapley(ensemble, row).forEach((expected, j) => expect(parts[j]).toBeCloseTo(expected, 10))
    expect(parts.reduce((sum, part) => sum + part, base)).toBeCloseTo(score[r]!, 10)
  }
})
