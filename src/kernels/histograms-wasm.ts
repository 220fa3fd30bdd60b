/**
 * `GradientHistograms` on WebAssembly SIMD (`wasm/histograms.as.ts`, built into `build/histograms.wasm`). One memory of its
 * own, laid out once: pairs, gradients, hessians, cells of all slots, what `read` gives, row orders, offsets, bins. It never
 * grows, so the views stay valid.
 */
import { startsOf } from './histograms-reference.ts'
import { countBits } from './histogram-scales.ts'
import type { Cut, CutRules, GradientHistograms, HistogramShape } from './histograms.ts'
import { MAX_PAGES, openModule, PAGE, webAssembly } from './webassembly.ts'

interface HistogramExports {
  quantize(
    gradients: number,
    hessians: number,
    pairs: number,
    rows: number,
    gradientScale: number,
    hessianScale: number,
    shift: number,
  ): void
  addRows(
    bins: number,
    columns: number,
    offsets: number,
    pairs: number,
    order: number,
    count: number,
    cells: number,
  ): void
  subtract(parent: number, child: number, out: number, cells: number): void
  read(cell: number, out: number, cells: number, shift: number): void
  bestCut(
    cell: number,
    bins: number,
    shift: number,
    gradient: number,
    hessian: number,
    rows: number,
    lambda: number,
    minRows: number,
    minHessian: number,
    least: number,
    out: number,
  ): number
  partition(
    bins: number,
    columns: number,
    column: number,
    isLeft: number,
    order: number,
    count: number,
    scratch: number,
  ): number
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** Byte addresses of every part; the sum of all is the size of the memory. */
function layOut({ rows, columnBins, slots }: HistogramShape) {
  const cells = columnBins.reduce((sum, bins) => sum + bins, 0)
  let end = 0
  const place = (bytes: number): number => {
    const at = end
    end = align(end + bytes)
    return at
  }
  return {
    cells,
    pairs: place(rows * 16),
    gradients: place(rows * 8),
    hessians: place(rows * 8),
    slots: place(slots * cells * 16),
    out: place(cells * 24),
    order: place(rows * 4),
    // A row more: `partition` writes one place ahead.
    scratch: place((rows + 1) * 4),
    offsets: place(columnBins.length * 4),
    cut: place(6 * 8),
    isLeft: place(256),
    bins: place(rows * columnBins.length),
    bytes: end,
  }
}

/** Everything that the methods work on; undefined when the shape does not fit into one memory or there is no module. */
function openMemory(shape: HistogramShape) {
  const module = openModule('histograms')
  const at = layOut(shape)
  const pages = Math.ceil(at.bytes / PAGE)
  if (!module || pages > MAX_PAGES) return undefined
  const { rows, columnBins } = shape
  const columns = columnBins.length
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages })
  const { buffer } = memory
  const columnStart = startsOf(columnBins)
  new Uint32Array(buffer, at.offsets, columns).set(
    columnStart.subarray(0, columns).map((start) => start * 16),
  )
  const slotBytes = at.cells * 16
  return {
    run: new webAssembly.Instance(module, { env: { memory } }).exports as HistogramExports,
    at,
    columns,
    columnStart,
    shift: countBits(rows),
    slotAt: (slot: number): number => at.slots + slot * slotBytes,
    slot: (slot: number) => new Uint8Array(buffer, at.slots + slot * slotBytes, slotBytes),
    bins: new Uint8Array(buffer, at.bins, rows * columns),
    order: new Int32Array(buffer, at.order, rows),
    gradients: new Float64Array(buffer, at.gradients, rows),
    hessians: new Float64Array(buffer, at.hessians, rows),
    isLeft: new Uint8Array(buffer, at.isLeft, 256),
    out: new Float64Array(buffer, at.out, at.cells * 3),
    cut: new Float64Array(buffer, at.cut, 6),
  }
}

type Opened = NonNullable<ReturnType<typeof openMemory>>

/** Undefined when the module was not built or the shape does not fit into one WebAssembly memory. */
export function createWasmHistograms(shape: HistogramShape): GradientHistograms | undefined {
  const opened = openMemory(shape)
  if (!opened) return undefined
  const { run, at, columns, columnStart, shift, slotAt } = opened
  const { bins, order, gradients, hessians, out } = opened
  return {
    bins,
    order,
    gradients,
    hessians,
    columnStart,
    runs: 'wasm',
    quantize: (scales, from, to) =>
      run.quantize(
        at.gradients + from * 8,
        at.hessians + from * 8,
        at.pairs + from * 16,
        to - from,
        scales.gradient,
        scales.hessian,
        shift,
      ),
    clear: (slot) => {
      opened.slot(slot).fill(0)
    },
    add(slot, from, to) {
      const rows = at.order + from * 4
      run.addRows(at.bins, columns, at.offsets, at.pairs, rows, to - from, slotAt(slot))
    },
    subtract: (parent, child, target) =>
      run.subtract(slotAt(parent), slotAt(child), slotAt(target), at.cells),
    read(slot) {
      run.read(slotAt(slot), at.out, at.cells, shift)
      return out
    },
    missingRows(slot, column) {
      run.read(slotAt(slot) + columnStart[column]! * 16, at.cut, 1, shift)
      return opened.cut[2]!
    },
    bestCut: (slot, column, wanted, least) => bestCut(opened, slot, column, wanted, least),
    partition(column, isLeft, from, to) {
      opened.isLeft.set(isLeft)
      const rows = at.order + from * 4
      return run.partition(at.bins, columns, column, at.isLeft, rows, to - from, at.scratch)
    },
  }
}

function bestCut(
  { run, at, columnStart, shift, slotAt, cut }: Opened,
  slot: number,
  column: number,
  wanted: CutRules,
  least: number,
): Cut | undefined {
  const isFound = run.bestCut(
    slotAt(slot) + columnStart[column]! * 16,
    columnStart[column + 1]! - columnStart[column]!,
    shift,
    wanted.gradient,
    wanted.hessian,
    wanted.rows,
    wanted.lambda,
    wanted.minRows,
    wanted.minHessian,
    least,
    at.cut,
  )
  if (isFound === 0) return undefined
  return {
    score: cut[0]!,
    bin: cut[1]!,
    isMissingLeft: cut[2] === 1,
    gradient: cut[3]!,
    hessian: cut[4]!,
    rows: cut[5]!,
  }
}
