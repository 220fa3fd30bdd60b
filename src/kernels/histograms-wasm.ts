/**
 * `GradientHistograms` on WebAssembly SIMD and many threads (`wasm/histograms.shared.as.ts`). One memory of its own, laid
 * out once by `histograms-memory.ts`. It never grows, so the views stay valid.
 */
import {
  CELL_BYTES,
  CUT_LENGTH,
  layOutHistograms,
  PARTS,
  scratchAt,
  SPLITS,
} from './histograms-memory.ts'
import { startsOf } from './histograms-reference.ts'
import { countBits } from './histogram-scales.ts'
import type { Cut, CutRules, GradientHistograms, HistogramShape } from './histograms.ts'
import type { RangeKernel } from './pool/range-task.ts'
import { openTeam } from './pool/team.ts'
import { MAX_PAGES, openModule, PAGE, webAssembly } from './webassembly.ts'

interface HistogramExports {
  subtract(parent: number, child: number, out: number, cells: number): void
  read(cell: number, out: number, cells: number, shift: number): void
  collect: RangeKernel
  place: RangeKernel
}

const KERNELS = [
  'quantize',
  'deriveLogistic',
  'addToScores',
  'toBins',
  'pack',
  'addRows',
  'split',
  'bestCuts',
] as const

/** Offsets of a job, as in `wasm/histograms.shared.as.ts`. */
const JOB = {
  slot: 84,
  count: 88,
  column: 92,
  width: 96,
  first: 100,
  gradientScale: 104,
  hessianScale: 112,
  rules: 120,
  scores: 176,
} as const

/** Fewest rows of a range: about 50 µs of work, several times what it takes to hand one over. */
const LEAST_ROWS = 4_096
const rangesOf = (rows: number, most: number): number =>
  Math.max(1, Math.min(most, Math.floor(rows / LEAST_ROWS)))

/** Everything that the methods work on; undefined when the shape does not fit into one memory or there is no module. */
function openMemory(shape: HistogramShape) {
  const module = openModule('histograms')
  const at = layOutHistograms(shape)
  const pages = Math.ceil(at.bytes / PAGE)
  if (!module || pages > MAX_PAGES) return undefined
  const { rows, columnBins, threads = 1 } = shape
  const columns = columnBins.length
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const { buffer } = memory
  const columnStart = startsOf(columnBins)
  new Uint32Array(buffer, at.offsets, columns + 1).set(
    columnStart.map((start) => start * CELL_BYTES),
  )
  const shift = countBits(rows)
  writeJob(new Uint32Array(buffer, at.job, JOB.scores / 4 + 3), at, { rows, columns, shift })
  const scratchOf = (thread: number): number => scratchAt(at, thread)
  const team = openTeam({ module, memory, kernels: KERNELS, threads, scratchOf })
  return {
    at,
    team,
    rows,
    columns,
    columnStart,
    shift,
    run: team.exports as HistogramExports,
    scores: new Float64Array(buffer, at.scores, rows),
    labels: new Float64Array(buffer, at.labels, rows),
    weights: new Float64Array(buffer, at.weights, rows),
    job: new DataView(buffer, at.job),
    slotAt: (slot: number): number => at.slots + slot * at.cells * CELL_BYTES,
    bytes: new Uint8Array(buffer),
    gradients: new Float64Array(buffer, at.gradients, rows),
    hessians: new Float64Array(buffer, at.hessians, rows),
    order: new Int32Array(buffer, at.order, rows),
    bins: new Uint8Array(buffer, at.columnBins, rows * columns),
    out: new Float64Array(buffer, at.out, at.cells * 3),
    list: new Uint32Array(buffer, at.list, columns),
    cuts: new Float64Array(buffer, at.cuts, columns * CUT_LENGTH),
    splits: new Uint32Array(buffer, at.splits, SPLITS * 3),
  }
}

type Place = ReturnType<typeof layOutHistograms>

/** What all calls have in common, in the order of the module. */
function writeJob(
  words: Uint32Array,
  at: Place,
  { rows, columns, shift }: { rows: number; columns: number; shift: number },
): void {
  const { stride, order, pairs, rowBins, columnBins, parts, offsets, left, right } = at
  words.set([rows, columns, stride, order, pairs, rowBins, columnBins, parts, offsets, left, right])
  const { splits, isLeft, list, cuts, gradients, hessians, limits, input, positions } = at
  words.set([splits, isLeft, list, cuts, shift, gradients, hessians, limits, input, positions], 11)
  words.set([at.scores, at.labels, at.weights], JOB.scores / 4)
}

type Opened = NonNullable<ReturnType<typeof openMemory>>

/** Undefined when the module was not built or the shape does not fit into one WebAssembly memory. */
export function createWasmHistograms(shape: HistogramShape): GradientHistograms | undefined {
  const opened = openMemory(shape)
  if (!opened) return undefined
  const { at, team, run, rows, columns, columnStart, shift, job, slotAt, bytes } = opened
  const whole = { from: 0, to: rows, ranges: rangesOf(rows, SPLITS), step: 64 }
  return {
    bins: opened.bins,
    order: opened.order,
    gradients: opened.gradients,
    hessians: opened.hessians,
    scores: opened.scores,
    labels: opened.labels,
    weights: opened.weights,
    columnStart,
    runs: 'wasm',
    binValues: (input, limits) => binValues(opened, input, limits),
    pack() {
      team.run('pack', at.job, whole)
    },
    quantize(scales, from, to) {
      job.setFloat64(JOB.gradientScale, scales.gradient, true)
      job.setFloat64(JOB.hessianScale, scales.hessian, true)
      team.run('quantize', at.job, { from, to, ranges: rangesOf(to - from, SPLITS) })
    },
    deriveLogistic(scales, from, to) {
      job.setFloat64(JOB.gradientScale, scales.gradient, true)
      job.setFloat64(JOB.hessianScale, scales.hessian, true)
      team.run('deriveLogistic', at.job, { from, to, ranges: rangesOf(to - from, SPLITS), step: 2 })
    },
    addToScores(step, from, to) {
      job.setFloat64(JOB.gradientScale, step, true)
      team.run('addToScores', at.job, { from, to, ranges: rangesOf((to - from) / 2, SPLITS) })
    },
    clear(slot) {
      bytes.fill(0, slotAt(slot), slotAt(slot + 1))
    },
    add(slot, from, to) {
      const ranges = rangesOf(to - from, PARTS)
      const bounds = team.run('addRows', at.job, { from, to, ranges })
      job.setUint32(JOB.slot, slotAt(slot), true)
      job.setUint32(JOB.count, bounds.length - 1, true)
      run.collect(at.job, 0, columns, 0, 0)
    },
    subtract: (parent, child, target) =>
      run.subtract(slotAt(parent), slotAt(child), slotAt(target), at.cells),
    read(slot) {
      run.read(slotAt(slot), at.out, at.cells, shift)
      return opened.out
    },
    missingRows(slot, column) {
      run.read(slotAt(slot) + columnStart[column]! * CELL_BYTES, at.cuts, 1, shift)
      return opened.cuts[2]!
    },
    bestCut: (slot, wantedColumns, wanted, least) =>
      bestCut(opened, slot, wantedColumns, wanted, least),
    partition: (column, isLeft, from, to) => partition(opened, column, isLeft, from, to),
    close: () => team.close(),
  }
}

function binValues(
  { at, team, job, rows, bytes }: Opened,
  input: Parameters<GradientHistograms['binValues']>[0],
  limits: readonly Float64Array[],
): void {
  const { values, width, positions, from } = input
  new Uint32Array(bytes.buffer, at.positions, limits.length).set(positions)
  const table = new Float64Array(bytes.buffer, at.limits, limits.length * 256).fill(Infinity)
  limits.forEach((own, j) => table.set(own, j * 256))
  const room = new Float64Array(bytes.buffer, at.input, at.inputRows * width)
  job.setUint32(JOB.count, limits.length, true)
  job.setUint32(JOB.width, width, true)
  const count = Math.min(rows - from, values.length / width)
  for (let first = 0; first < count; first += at.inputRows) {
    const size = Math.min(at.inputRows, count - first)
    room.set(values.subarray(first * width, (first + size) * width))
    job.setUint32(JOB.first, from + first, true)
    team.run('toBins', at.job, { from: 0, to: size, ranges: rangesOf(size * 8, 4) })
  }
}

function partition(
  { at, team, run, job, bytes, splits }: Opened,
  column: number,
  isLeft: Uint8Array,
  from: number,
  to: number,
): number {
  bytes.set(isLeft, at.isLeft)
  job.setUint32(JOB.column, column, true)
  const most = rangesOf((to - from) / 4, SPLITS)
  const bounds = team.run('split', at.job, { from, to, ranges: most })
  const ranges = bounds.length - 1
  let left = 0
  for (let range = 0; range < ranges; range++) left += splits[range * 3]!
  let [atLeft, atRight] = [from, from + left]
  for (let range = 0; range < ranges; range++) {
    const own = splits[range * 3]!
    splits[range * 3 + 1] = atLeft
    splits[range * 3 + 2] = atRight
    atLeft += own
    atRight += bounds[range + 1]! - bounds[range]! - own
    run.place(at.job, bounds[range]!, bounds[range + 1]!, 0, range)
  }
  return left
}

function bestCut(
  { at, team, job, list, cuts, slotAt }: Opened,
  slot: number,
  columns: ArrayLike<number>,
  wanted: CutRules,
  least: number,
): Cut | undefined {
  const { gradient, hessian, rows, lambda, minRows, minHessian } = wanted
  const rules = [gradient, hessian, rows, lambda, minRows, minHessian, least]
  rules.forEach((rule, i) => job.setFloat64(JOB.rules + i * 8, rule, true))
  job.setUint32(JOB.slot, slotAt(slot), true)
  list.set(columns)
  // Handing ranges over pays where adding up the rows did too.
  const ranges = rows >= LEAST_ROWS ? Math.min(4, Math.ceil(columns.length / 4)) : 1
  team.run('bestCuts', at.job, { from: 0, to: columns.length, ranges })
  let best = -1
  for (let i = 0; i < columns.length; i++) {
    const isFound = cuts[i * CUT_LENGTH + 6] === 1
    if (isFound && (best < 0 || cuts[i * CUT_LENGTH]! > cuts[best * CUT_LENGTH]!)) best = i
  }
  if (best < 0) return undefined
  const cut = cuts.subarray(best * CUT_LENGTH, (best + 1) * CUT_LENGTH)
  return {
    column: columns[best]!,
    score: cut[0]!,
    bin: cut[1]!,
    isMissingLeft: cut[2] === 1,
    gradient: cut[3]!,
    hessian: cut[4]!,
    rows: cut[5]!,
  }
}
