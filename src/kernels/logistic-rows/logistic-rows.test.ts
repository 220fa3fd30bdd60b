import { describe, expect, test } from 'vitest'
import { createRandom } from '../random.ts'
import { createReferenceLogisticRows } from './logistic-rows-reference.ts'
import { createWasmLogisticRows } from './logistic-rows-wasm.ts'
import type { LogisticRows, LogisticRowsShape } from './logistic-rows.ts'
import { decay, logOfOnePlus } from './loss.ts'

function fill(lines: LogisticRows, { rows, columns, levels, entries }: LogisticRowsShape): void {
  const random = createRandom(rows)
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) lines.values[r * lines.stride + j] = random.gaussian()
    lines.labels[r] = random.int(2)
    lines.weights[r] = 0.5 + random.uniform()
    lines.starts[r + 1] = Math.floor((entries * (r + 1)) / rows)
  }
  for (let e = 0; e < entries; e++) lines.entries[e] = random.int(levels)
}

/** Losses and slopes at some points, near and far. */
function answers(lines: LogisticRows, shape: LogisticRowsShape) {
  const { rows, columns, levels } = shape
  fill(lines, shape)
  const random = createRandom(columns)
  return [0, 1, 300].map((scale) => {
    lines.setPoint(
      Float64Array.from({ length: 1 + columns + levels }, () => scale * random.gaussian()),
    )
    const slopes = new Float64Array(1 + columns + levels)
    for (const [from, to] of [
      [0, rows >> 1],
      [rows >> 1, rows],
    ] as const) {
      lines.add(from, to)
    }
    return { loss: lines.take(slopes), slopes }
  })
}

test('WebAssembly on any number of threads and TypeScript give the same bits', () => {
  for (const [rows, columns, levels, entries] of [
    [1, 1, 0, 0],
    [7, 2, 3, 10],
    [65, 0, 5, 65],
    [131, 4, 1_000, 400],
    [20_003, 29, 7, 30_000],
  ] as const) {
    const shape = { rows, columns, levels, entries }
    const expected = answers(createReferenceLogisticRows(shape), shape)
    for (const threads of [1, 2, 3]) {
      const fast = createWasmLogisticRows({ ...shape, threads })
      if (!fast) throw new Error('logistic.wasm is missing: run "npm run build"')
      expect(answers(fast, shape), `${rows} × ${columns}, ${threads} threads`).toEqual(expected)
      fast.close()
    }
  }
})

describe('the two functions of the loss', () => {
  test.each([0, 1e-300, 1e-20, 0.1, 0.3, 0.34, 0.7, 1, 5, 36, 200, 700])(
    'are exact to 4 units in the last place at ±%d',
    (s) => {
      const relative = (found: number, exact: number): number => Math.abs(found / exact - 1)
      for (const at of [s, -s]) expect(relative(decay(at), Math.exp(-s))).toBeLessThan(9e-16)
      const t = Math.exp(-s)
      expect(relative(logOfOnePlus(t), Math.log1p(t))).toBeLessThan(9e-16)
    },
  )

  test('stay finite and positive far out', () => {
    expect(decay(Infinity)).toBeGreaterThan(0)
    expect(decay(-1e300)).toBeLessThan(1e-307)
    expect(logOfOnePlus(0)).toBe(0)
  })
})
