/**
 * A made-up data set by whole-number arithmetic, the same in any language, and what others make of it. To get it in numpy:
 *
 *   def u(i): h = i.astype(np.uint32); h ^= h >> 16; h *= 0x85ebca6b; h ^= h >> 13; h *= 0xc2b2ae35; h ^= h >> 16; return h / 2**32
 *   r = np.arange(lo, hi); x = np.stack([u(r*16+j) for j in range(8)], 1); m = u(r*16+9) < 0.3
 *   s = 0.5*((x[:,0] > 0.3) & (x[:,1] > 0.6)) + 0.6*x[:,2]*x[:,3] + 0.3*(x[:,4]-0.5) + 0.2*m - 0.2*abs(x[:,6]-0.5)
 *   label = u(r*16+10) < clip(s, 0.02, 0.98); value = s + 0.5*u(r*16+11); x[m,5] = nan
 *
 * Rows 0 to 20,000 to train, 20,000 to 40,000 to test. 100 trees of 31 leaves, learning rate 0.1, no penalty.
 */
import type { Dataset } from '../model.ts'

/** The finalizer of MurmurHash3 as a fraction of 2³². */
function uniform(i: number): number {
  let h = i >>> 0
  h ^= h >>> 16
  h = Math.imul(h, 0x85eb_ca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2_ae35)
  h ^= h >>> 16
  return (h >>> 0) / 2 ** 32
}

export const TREE_DATA_ROWS = 20_000

export function treeData(task: 'classifier' | 'regressor', part: 'train' | 'test'): Dataset {
  const rows = TREE_DATA_ROWS
  const columns = 8
  const values = new Float64Array(rows * columns)
  const label = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    const r = (part === 'train' ? i : i + rows) * 16
    const x = Array.from({ length: columns }, (_, j) => uniform(r + j))
    const isMissing = uniform(r + 9) < 0.3
    const score =
      (x[0]! > 0.3 && x[1]! > 0.6 ? 0.5 : 0) +
      0.6 * x[2]! * x[3]! +
      0.3 * (x[4]! - 0.5) +
      (isMissing ? 0.2 : 0) -
      0.2 * Math.abs(x[6]! - 0.5)
    const chance = Math.min(0.98, Math.max(0.02, score))
    label[i] =
      task === 'classifier' ? Number(uniform(r + 10) < chance) : score + 0.5 * uniform(r + 11)
    if (isMissing) x[5] = Number.NaN
    values.set(x, i * columns)
  }
  const names = Array.from({ length: columns }, (_, j) => `x${j}`)
  return { matrix: { names, rows, values }, categories: [], label }
}
