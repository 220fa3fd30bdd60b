/** `LogisticRows` on WebAssembly SIMD and many threads (`wasm/logistic.shared.as.ts`), in one memory of its own. */
import { rangesOf, MOST_PARTS } from '../pool/ranges.ts'
import { openTeam } from '../pool/team.ts'
import { MAX_PAGES, openModule, PAGE, webAssembly } from '../webassembly.ts'
import { HEAD, layOutLogisticRows, workOf } from './logistic-rows-memory.ts'
import { takeParts } from './logistic-rows-sums.ts'
import type { LogisticRows, LogisticRowsShape } from './logistic-rows.ts'

/** Where a job has the intercept, as in `wasm/logistic.shared.as.ts`. */
const INTERCEPT_AT = 40

/** Undefined when the module was not built or the shape does not fit into one WebAssembly memory. */
export function createWasmLogisticRows(shape: LogisticRowsShape): LogisticRows | undefined {
  const module = openModule('logistic')
  const at = layOutLogisticRows(shape)
  const pages = Math.ceil(at.bytes / PAGE)
  if (!module || pages > MAX_PAGES) return undefined
  const { rows, columns, levels, threads = 1 } = shape
  const { stride, values, labels, weights, starts, entries, point, partBytes } = at
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const { buffer } = memory
  const words = new Uint32Array(buffer, at.job, INTERCEPT_AT / 4)
  words.set([stride, values, labels, weights, starts, entries, point, at.parts, partBytes])
  const intercept = new Float64Array(buffer, at.job + INTERCEPT_AT, 1)
  const scratchOf = (thread: number): number => at.scratch + thread * at.scratchBytes
  const team = openTeam({ module, memory, kernels: ['evaluate'], threads, scratchOf })
  const place = new Float64Array(buffer, point, stride + levels)
  const parts = Array.from({ length: MOST_PARTS }, (_, range) => {
    return new Float64Array(buffer, at.parts + range * partBytes, HEAD + stride + levels)
  })
  let used = 0
  return {
    stride,
    values: new Float64Array(buffer, values, rows * stride),
    labels: new Float64Array(buffer, labels, rows),
    weights: new Float64Array(buffer, weights, rows).fill(1),
    starts: new Uint32Array(buffer, starts, rows + 1),
    entries: new Uint32Array(buffer, entries, shape.entries),
    runs: 'wasm',
    setPoint(next) {
      intercept[0] = next[0]!
      place.set(next.subarray(1, 1 + columns))
      place.set(next.subarray(1 + columns), stride)
    },
    add(from, to) {
      const ranges = rangesOf(to - from, workOf(stride))
      used = Math.max(used, team.run('evaluate', at.job, { from, to, ranges }).length - 1)
    },
    take(slopes) {
      const own = parts.slice(0, used)
      const loss = takeParts(own, columns, stride, slopes)
      for (const part of own) part.fill(0)
      used = 0
      return loss
    },
    close: () => team.close(),
  }
}
