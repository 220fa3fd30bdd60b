/**
 * TreeSHAP: what each input added to the score of a row, so that base value and contributions sum to it (Lundberg, Erion and
 * Lee, "Consistent individualized feature attribution for tree ensembles", arXiv 1802.03888, 2018, algorithm 2; the letters
 * d, z, o, w are its). A walk keeps the path of inputs met so far: for each the share of training rows that goes on when the
 * input is unknown (z), whether this row goes on (o, 1 or 0), and the weight of paths of each length (w). Cost per row:
 * leaves · depth² for each tree.
 */
import { goesLeft, type TreeEnsemble } from './tree-ensemble.ts'

interface Path {
  readonly d: Int32Array
  readonly z: Float64Array
  readonly o: Float64Array
  readonly w: Float64Array
}

/** Mean score of the training rows as the trees counted them: what a row of which nothing is known would get. */
export function expectedScore(ensemble: TreeEnsemble): number {
  const { starts, column, left, value, cover } = ensemble
  // Children come after parents: from the end on, the mean of both is known.
  const mean = value.slice()
  for (let at = column.length - 1; at >= 0; at--) {
    if (column[at]! < 0) continue
    const [a, b] = [left[at]!, left[at]! + 1]
    const share = cover[at]! > 0 ? cover[a]! / cover[at]! : 0.5
    mean[at] = share * mean[a]! + (1 - share) * mean[b]!
  }
  let sum = ensemble.base
  for (let t = 0; t + 1 < starts.length; t++) sum += mean[starts[t]!]!
  return sum
}

/** Greatest number of splits between a root and a leaf. */
function depthOf({ column, left }: TreeEnsemble): number {
  const depth = new Int32Array(column.length)
  let most = 0
  for (let at = 0; at < column.length; at++) {
    if (column[at]! < 0) continue
    for (const child of [left[at]!, left[at]! + 1]) {
      depth[child] = depth[at]! + 1
      most = Math.max(most, depth[at]! + 1)
    }
  }
  return most
}

/**
 * Adds the contributions of `count` rows to `out` (count × columns, row-major). `rows`: as `encodeRows` gives them.
 */
export function addContributions(
  ensemble: TreeEnsemble,
  rows: Float64Array,
  count: number,
  out: Float64Array,
): void {
  const { starts, inputs } = ensemble
  const width = inputs.features.length + inputs.categories.length
  // Every level of the walk has a path of its own, one entry longer than the one above.
  const depth = depthOf(ensemble) + 2
  const paths = Array.from({ length: depth }, (_, level): Path => ({
    d: new Int32Array(level + 1),
    z: new Float64Array(level + 1),
    o: new Float64Array(level + 1),
    w: new Float64Array(level + 1),
  }))
  for (let r = 0; r < count; r++) {
    const row = rows.subarray(r * width, (r + 1) * width)
    const phi = out.subarray(r * width, (r + 1) * width)
    const walk = createWalk(ensemble, row, phi, paths)
    for (let t = 0; t + 1 < starts.length; t++) walk(starts[t]!, 0, 0, 1, 1, -1)
  }
}

/** The recursion of algorithm 2 for one row. */
function createWalk(
  ensemble: TreeEnsemble,
  row: Float64Array,
  phi: Float64Array,
  paths: readonly Path[],
) {
  const { column, left, value, cover } = ensemble
  /** `length`: entries of the path that the parent left at `level − 1`. */
  const walk = (
    at: number,
    level: number,
    length: number,
    z: number,
    o: number,
    d: number,
  ): void => {
    const path = paths[level]!
    if (length > 0) copy(paths[level - 1]!, path, length)
    extend(path, length, z, o, d)
    let size = length + 1
    const j = column[at]!
    if (j < 0) {
      for (let i = 1; i < size; i++) {
        const weight = unwoundSum(path, size, i)
        const of = path.d[i]!
        phi[of] = phi[of]! + weight * (path.o[i]! - path.z[i]!) * value[at]!
      }
      return
    }
    const first = left[at]!
    const isLeft = goesLeft(ensemble, at, row[j]!)
    const [hot, cold] = isLeft ? [first, first + 1] : [first + 1, first]
    let incomingZ = 1
    let incomingO = 1
    for (let k = 1; k < size; k++) {
      if (path.d[k] !== j) continue
      incomingZ = path.z[k]!
      incomingO = path.o[k]!
      unwind(path, size, k)
      size -= 1
      break
    }
    const shareOf = (child: number): number => (cover[at]! > 0 ? cover[child]! / cover[at]! : 0.5)
    walk(hot, level + 1, size, incomingZ * shareOf(hot), incomingO, j)
    walk(cold, level + 1, size, incomingZ * shareOf(cold), 0, j)
  }
  return walk
}

function copy(from: Path, to: Path, length: number): void {
  for (let i = 0; i < length; i++) {
    to.d[i] = from.d[i]!
    to.z[i] = from.z[i]!
    to.o[i] = from.o[i]!
    to.w[i] = from.w[i]!
  }
}

/** EXTEND: one more input on a path of `length` entries. */
function extend({ d, z, o, w }: Path, length: number, pz: number, po: number, pi: number): void {
  d[length] = pi
  z[length] = pz
  o[length] = po
  w[length] = length === 0 ? 1 : 0
  for (let i = length - 1; i >= 0; i--) {
    w[i + 1] = w[i + 1]! + (po * w[i]! * (i + 1)) / (length + 1)
    w[i] = (pz * w[i]! * (length - i)) / (length + 1)
  }
}

/** UNWIND: takes entry `index` off a path of `size` entries. */
function unwind({ d, z, o, w }: Path, size: number, index: number): void {
  const last = size - 1
  const one = o[index]!
  const zero = z[index]!
  let next = w[last]!
  for (let i = last - 1; i >= 0; i--) {
    if (one !== 0) {
      const held = w[i]!
      w[i] = (next * size) / ((i + 1) * one)
      next = held - (w[i]! * zero * (last - i)) / size
    } else w[i] = (w[i]! * size) / (zero * (last - i))
  }
  for (let i = index; i < last; i++) {
    d[i] = d[i + 1]!
    z[i] = z[i + 1]!
    o[i] = o[i + 1]!
  }
}

/** The sum of the weights that UNWIND would leave. */
function unwoundSum({ z, o, w }: Path, size: number, index: number): number {
  const last = size - 1
  const one = o[index]!
  const zero = z[index]!
  let next = w[last]!
  let total = 0
  for (let i = last - 1; i >= 0; i--) {
    if (one !== 0) {
      const part = (next * size) / ((i + 1) * one)
      total += part
      next = w[i]! - (part * zero * (last - i)) / size
    } else total += (w[i]! * size) / (zero * (last - i))
  }
  return total
}
