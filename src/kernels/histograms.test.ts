import { expect, test } from 'vitest'
import { chooseScales } from './histogram-scales.ts'
import { createReferenceHistograms } from './histograms-reference.ts'
import { createWasmHistograms } from './histograms-wasm.ts'
import { createHistograms, type GradientHistograms } from './histograms.ts'
import { logistic } from './logistic.ts'
import { createRandom } from './random.ts'

const SEED = 4711

function fill(histograms: GradientHistograms, rows: number, columnBins: readonly number[]): void {
  const random = createRandom(SEED)
  for (let r = 0; r < rows; r++) {
    histograms.gradients[r] = random.gaussian()
    histograms.hessians[r] = random.uniform()
    histograms.order[r] = rows - 1 - r
    columnBins.forEach((count, j) => {
      histograms.bins[j * rows + r] = random.int(count)
    })
  }
  histograms.pack()
  histograms.quantize(chooseScales(rows, 8, 1), 0, rows)
}

/** The derivatives of the logistic loss, as sums of all rows, and scores after a step. */
function runLogistic(histograms: GradientHistograms, rows: number) {
  const random = createRandom(SEED)
  const { scores, labels, weights, order } = histograms
  for (let r = 0; r < rows; r++) {
    order[r] = r
    scores[r] = r % 7 === 0 ? 1_000 * random.gaussian() : 3 * random.gaussian()
    labels[r] = random.int(2)
    weights[r] = 0.5 + random.uniform()
  }
  histograms.pack()
  histograms.addToScores(0.37, Math.floor(rows / 3), rows)
  histograms.deriveLogistic(chooseScales(rows, 1.5, 0.375), 0, rows)
  histograms.clear(0)
  histograms.add(0, 0, rows)
  return { cells: histograms.read(0).slice(), scores: scores.slice() }
}

/** Everything that a caller can see, after a split of the rows and the three ways to a histogram. */
function run(histograms: GradientHistograms, rows: number, columnBins: readonly number[]) {
  fill(histograms, rows, columnBins)
  const isLeft = Uint8Array.from({ length: 256 }, (_, bin) => (bin % 3 === 0 ? 1 : 0))
  const column = columnBins.length - 1
  const [from, to] = [Math.floor(rows / 5), rows]
  for (const slot of [0, 1, 2]) histograms.clear(slot)
  histograms.add(0, from, to)
  const left = histograms.partition(column, isLeft, from, to)
  histograms.add(1, from, from + left)
  histograms.add(2, from + left, to)
  const counted = histograms.read(2).slice()
  histograms.subtract(0, 1, 2)
  const whole = histograms.read(0).slice()
  const subtracted = histograms.read(2).slice()
  const cuts = columnBins.flatMap((_, j) =>
    [0, 1e30].map((lambda) => {
      const cells = counted.subarray(
        histograms.columnStart[j]! * 3,
        histograms.columnStart[j + 1]! * 3,
      )
      const sum = (part: number): number =>
        cells.reduce((total, value, at) => total + (at % 3 === part ? value : 0), 0)
      const wanted = { gradient: sum(0), hessian: sum(1), rows: sum(2), lambda }
      return histograms.bestCut(2, [j], { ...wanted, minRows: 3, minHessian: 1e3 }, 0)
    }),
  )
  return { left, order: histograms.order.slice(), whole, counted, subtracted, cuts }
}

for (const columns of [1, 3, 4, 5, 8, 29]) {
  test(`WebAssembly and reference agree to the last bit: ${columns} columns`, () => {
    const columnBins = Array.from({ length: columns }, (_, j) => 1 + ((j * 97 + 255) % 256))
    for (const rows of [1, 2, 77, 3_000]) {
      const shape = { rows, columnBins, slots: 3 }
      const fast = createWasmHistograms(shape)
      if (!fast) throw new Error('histograms.wasm is missing: run "npm run build"')
      const answer = run(fast, rows, columnBins)
      expect(answer).toEqual(run(createReferenceHistograms(shape), rows, columnBins))
      expect(answer.subtracted).toEqual(answer.counted)
      if (rows > 1_000 && columns > 4) {
        expect(answer.cuts.filter((cut) => cut !== undefined).length).toBeGreaterThan(4)
        expect(new Set(answer.cuts.map((cut) => cut?.isMissingLeft)).size).toBeGreaterThan(1)
      }
    }
  })
}

test('one, two and three threads give the bits of the reference where rows are many', () => {
  const rows = 70_001
  const columnBins = Array.from({ length: 21 }, (_, j) => 256 - j)
  const shape = { rows, columnBins, slots: 3 }
  const wanted = run(createReferenceHistograms(shape), rows, columnBins)
  const logistic = runLogistic(createReferenceHistograms(shape), rows)
  for (const threads of [1, 2, 3]) {
    const fast = createWasmHistograms({ ...shape, threads })!
    expect(run(fast, rows, columnBins)).toEqual(wanted)
    fast.bins.fill(0)
    expect(runLogistic(fast, rows)).toEqual(logistic)
    fast.close()
  }
})

test('numbers become bins by limits, in WebAssembly as in the reference', () => {
  const random = createRandom(SEED)
  const [rows, width] = [9_001, 5]
  const values = Float64Array.from({ length: rows * width }, () => 20 * random.uniform() - 10)
  values.set([Number.NaN, Infinity, -Infinity, 1e300, -1e300, 0.5, -0, 0, 0.5, 0.25])
  const limits = [0, 1, 7, 254].map((count) =>
    Float64Array.from({ length: count }, (_, i) => (i - count / 2) / 16),
  )
  const shape = { rows, columnBins: [2, 3, 9, 256], slots: 1, inputColumns: width }
  const [fast, slow] = [
    createWasmHistograms({ ...shape, threads: 2 })!,
    createReferenceHistograms(shape),
  ]
  for (const histograms of [fast, slow]) {
    for (const [from, to] of [
      [0, 4_500],
      [4_500, rows],
    ] as const) {
      const part = values.subarray(from * width, to * width)
      histograms.binValues({ values: part, width, positions: [4, 0, 2, 1], from }, limits)
    }
  }
  expect(fast.bins).toEqual(slow.bins)
  expect(slow.bins[rows]).toBe(0)
  expect(new Set(slow.bins.subarray(3 * rows)).size).toBe(256)
  fast.close()
})

test('the logistic function is exact to some units in the last place', () => {
  for (const score of [-700, -40, -3.3, -1e-9, 0, 0.1, 1, 2.5, 19, 36, 700]) {
    const wanted = 1 / (1 + Math.exp(-score))
    expect(Math.abs(logistic(score) / wanted - 1)).toBeLessThan(1e-14)
  }
  expect([logistic(-1e300), logistic(1e300)].map((p) => p >= 0 && p <= 1)).toEqual([true, true])
})

test('sums are right and the count of rows stays apart from the hessians', () => {
  const histograms = createHistograms({ rows: 4, columnBins: [2, 3], slots: 1 })
  histograms.bins.set([0, 1, 0, 0, 2, 2, 1, 2])
  histograms.pack()
  histograms.gradients.set([1, -2, 0.5, -3])
  histograms.hessians.set([0.25, 1, 0, 2])
  histograms.order.set([0, 1, 2, 3])
  const scales = chooseScales(4, 3, 2)
  histograms.quantize(scales, 0, 4)
  histograms.add(0, 0, 4)
  const cells = histograms.read(0)
  const cell = (column: number, bin: number) => {
    const at = (histograms.columnStart[column]! + bin) * 3
    return [cells[at]! / scales.gradient, cells[at + 1]! / scales.hessian, cells[at + 2]]
  }
  expect(cell(0, 0)).toEqual([-1.5, 2.25, 3])
  expect(cell(0, 1)).toEqual([-2, 1, 1])
  expect(cell(1, 0)).toEqual([0, 0, 0])
  expect(cell(1, 1)).toEqual([0.5, 0, 1])
  expect(cell(1, 2)).toEqual([-4, 3.25, 3])
})

test('scales keep sums exact for the most rows and any size of value', () => {
  for (const rows of [1, 1_000_000, 2 ** 26 - 1]) {
    for (const max of [1e-200, 1, 3, 1e190]) {
      const { gradient, hessian } = chooseScales(rows, max, max)
      expect(gradient * max * rows).toBeLessThanOrEqual(2 ** 52)
      expect(hessian * max * rows).toBeLessThanOrEqual(2 ** 52)
      expect(hessian * max * rows * 2 ** Math.ceil(Math.log2(rows + 1))).toBeLessThan(2 ** 63)
      expect(gradient).toBeGreaterThan(0)
      // At least eight bits of every gradient and hessian are left.
      expect(hessian * max).toBeGreaterThan(64)
    }
  }
})
