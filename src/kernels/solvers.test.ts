import { expect, test } from 'vitest'
import { assignRows } from './assignment.ts'
import { choleskyFactor, choleskySolve } from './cholesky.ts'
import { minimize } from './l-bfgs.ts'
import { createRandom } from './random.ts'
import { topK } from './top-k.ts'

test('Cholesky solves a system whose answer is known', () => {
  // A = L Lᵀ with L = [[2,0,0],[6,1,0],[-8,5,3]]; x = (1, 2, 3).
  const a = Float64Array.of(4, 0, 0, 12, 37, 0, -16, -43, 98)
  expect(choleskyFactor(a, 3)).toBe(-1)
  expect([a[0], a[3], a[4], a[6], a[7], a[8]]).toEqual([2, 6, 1, -8, 5, 3])
  const b = Float64Array.of(4 + 24 - 48, 12 + 74 - 129, -16 - 86 + 294)
  choleskySolve(a, 3, b)
  expect([...b]).toEqual([1, 2, 3])
})

test('Cholesky names the pivot at which a matrix is not positive definite', () => {
  expect(choleskyFactor(Float64Array.of(1, 0, 1, 1), 2)).toBe(1)
  expect(choleskyFactor(Float64Array.of(0), 1)).toBe(0)
  expect(choleskyFactor(Float64Array.of(Number.NaN), 1)).toBe(0)
})

const rosenbrock = (x: Float64Array, gradient: Float64Array): number => {
  let value = 0
  gradient.fill(0)
  for (let i = 0; i + 1 < x.length; i++) {
    const a = x[i + 1]! - x[i]! ** 2
    const b = 1 - x[i]!
    value += 100 * a * a + b * b
    gradient[i]! += -400 * a * x[i]! - 2 * b
    gradient[i + 1]! += 200 * a
  }
  return value
}

test('L-BFGS finds the minimum of the Rosenbrock function in ten variables', async () => {
  const x = new Float64Array(10).fill(-1.2)
  let evaluations = 0
  const counted = (at: Float64Array, gradient: Float64Array): number => {
    evaluations += 1
    return rosenbrock(at, gradient)
  }
  const result = await minimize(counted, x, { maxIterations: 500, tolerance: 1e-9 })
  expect(result.converged).toBe(true)
  // SciPy's L-BFGS-B needs about 90 evaluations from here: without good scaling it is several times that.
  expect(evaluations).toBeLessThan(130)
  for (const value of x) expect(value).toBeCloseTo(1, 8)
})

test('L-BFGS steps back from values that overflow', async () => {
  // Steep on the right, nearly flat on the left: the first steps from the left overshoot into the overflow.
  const x = Float64Array.of(-5)
  let overflows = 0
  const result = await minimize(
    (at, gradient) => {
      const value = Math.exp(at[0]! * 2_000) - at[0]!
      if (!Number.isFinite(value)) overflows += 1
      gradient[0] = Math.exp(at[0]! * 2_000) * 2_000 - 1
      return value
    },
    x,
    { maxIterations: 200, tolerance: 1e-6 },
  )
  expect(overflows).toBeGreaterThan(0)
  expect(result.converged).toBe(true)
  expect(x[0]).toBeCloseTo(-Math.log(2_000) / 2_000, 6)
})

test('L-BFGS stops with the reason of its signal', async () => {
  const controller = new AbortController()
  let evaluations = 0
  const work = minimize(
    (at, gradient) => {
      evaluations += 1
      if (evaluations === 3) controller.abort(new Error('enough'))
      return rosenbrock(at, gradient)
    },
    new Float64Array(10),
    { maxIterations: 500, tolerance: 1e-9, signal: controller.signal },
  )
  await expect(work).rejects.toThrow('enough')
  expect(evaluations).toBe(3)
})

test('top-k orders by score, then by index, and leaves NaN out', () => {
  expect([...topK([1, 5, Number.NaN, 5, 3], 3)]).toEqual([1, 3, 4])
  expect([...topK([2, 1], 5)]).toEqual([0, 1])
  expect([...topK([2, 1], 0)]).toEqual([])
  const random = createRandom(1)
  const scores = Array.from({ length: 1_000 }, () => random.int(50))
  const sorted = scores.map((_, i) => i).toSorted((a, b) => scores[b]! - scores[a]! || a - b)
  expect([...topK(scores, 100)]).toEqual(sorted.slice(0, 100))
})

test('the assignment has the smallest cost of all permutations', () => {
  const random = createRandom(9)
  for (let round = 0; round < 50; round++) {
    const rows = 1 + random.int(4)
    const columns = rows + random.int(2)
    const cost = Float64Array.from({ length: rows * columns }, () => random.int(20) - 5)
    const answer = assignRows(cost, rows, columns)
    expect(new Set(answer).size).toBe(rows)
    const total = answer.reduce((sum, column, row) => sum + cost[row * columns + column]!, 0)
    expect(total).toBe(cheapest(cost, rows, columns, 0, new Set()))
  }
})

function cheapest(
  cost: Float64Array,
  rows: number,
  columns: number,
  row: number,
  used: Set<number>,
): number {
  if (row === rows) return 0
  let best = Infinity
  for (let column = 0; column < columns; column++) {
    if (used.has(column)) continue
    used.add(column)
    const rest = cheapest(cost, rows, columns, row + 1, used)
    best = Math.min(best, cost[row * columns + column]! + rest)
    used.delete(column)
  }
  return best
}
