import { expect, test } from 'vitest'
import { chooseScales } from './histogram-scales.ts'
import { createReferenceHistograms } from './histograms-reference.ts'
import { createWasmHistograms } from './histograms-wasm.ts'
import { createHistograms, type GradientHistograms } from './histograms.ts'
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
