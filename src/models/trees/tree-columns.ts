/**
 * What trees see: every input as a small whole number. Bin 0 is "not there". A feature's bins are cut at quantiles of its
 * values, so that about as many rows fall into each; a category's bins are its levels, the rarest sharing the last bin.
 */
import { createRandom, MAX_HISTOGRAM_ROWS, type GradientHistograms } from '../../kernels/index.ts'
import { canonicalCategories, checkDataset, columnPositions, sortedNames } from '../dataset.ts'
import { modelError } from '../errors.ts'
import type { Dataset } from '../model.ts'
import type { Pacer } from '../pacer.ts'
import { drawRows } from './tree-sampling.ts'

/** Cuts of one feature: bin b > 0 holds x ≤ cuts[b − 1], and > cuts[b − 2]; above the last cut is the last bin. */
export interface FeatureColumn {
  readonly name: string
  /** Ascending. */
  readonly cuts: Float64Array
}

export interface LevelColumn {
  readonly name: string
  readonly levels: readonly string[]
  /** Bin of each level, ≥ 1; 0 for one that only an earlier version had rows of. */
  readonly binOf: Int32Array
}

/** Features, then categories; each sorted by name. The order of the columns of every tree. */
export interface TreeColumns {
  readonly features: readonly FeatureColumn[]
  readonly categories: readonly LevelColumn[]
}

/** Rows whose values decide on the cuts: 200 in each of 255 bins, so that their sizes are right to about 7 %. */
const SAMPLE_ROWS = 50_000

/** Looks at up to 50,000 rows drawn by the seed. `maxBins`: 2 to 255, not counting bin 0. */
export async function chooseColumns(
  data: Dataset,
  maxBins: number,
  seed: number,
  pacer: Pacer,
): Promise<TreeColumns> {
  const { matrix } = data
  const names = sortedNames(matrix.names)
  const positions = columnPositions(matrix, names)
  const all = Int32Array.from({ length: matrix.rows }, (_, r) => r)
  const { inside: sample } = drawRows(all, SAMPLE_ROWS / matrix.rows, createRandom(seed))
  const features: FeatureColumn[] = []
  for (let j = 0; j < names.length; j++) {
    const values = new Float64Array(sample.length)
    let count = 0
    for (const row of sample) {
      const x = matrix.values[row * names.length + positions[j]!]!
      if (!Number.isFinite(x)) continue
      values[count] = x
      count += 1
    }
    features.push({
      name: names[j]!,
      cuts: chooseCuts(values.subarray(0, count).toSorted(), maxBins),
    })
    if (pacer.due(sample.length * 40)) await pacer.rest()
  }
  const categories = canonicalCategories(data.categories).map(({ name, levels, codes }) => ({
    name,
    levels,
    binOf: chooseLevelBins(levels.length, codes, maxBins),
  }))
  return { features, categories }
}

/**
 * Cuts half-way between neighbouring values: between all of them when they are few, else so that the bins hold equally many
 * values; a value that alone fills a bin gets its own. `sorted`: ascending, finite.
 */
export function chooseCuts(sorted: Float64Array, maxBins: number): Float64Array {
  const values: number[] = []
  const counts: number[] = []
  for (let i = 0; i < sorted.length;) {
    let end = i + 1
    while (end < sorted.length && sorted[end] === sorted[i]) end += 1
    values.push(sorted[i]!)
    counts.push(end - i)
    i = end
  }
  const isHeavy = (i: number): boolean => counts[i]! * maxBins >= sorted.length
  let heavyLeft = counts.filter((_, i) => isHeavy(i)).length
  let lightRows = counts.reduce((sum, count, i) => sum + (isHeavy(i) ? 0 : count), 0)
  const cuts: number[] = []
  let filled = 0
  for (let i = 0; i + 1 < values.length; i++) {
    const binsLeft = maxBins - cuts.length
    if (binsLeft === 1) break
    if (isHeavy(i)) heavyLeft -= 1
    else filled += counts[i]!
    const share = lightRows / Math.max(1, binsLeft - heavyLeft)
    const isFewLeft = values.length - i <= binsLeft
    if (!isFewLeft && !isHeavy(i) && !isHeavy(i + 1) && filled < share) continue
    cuts.push(halfWay(values[i]!, values[i + 1]!))
    lightRows -= filled
    filled = 0
  }
  return Float64Array.from(cuts)
}

/** A number ≥ a and < b, without overflow. */
function halfWay(a: number, b: number): number {
  const middle = a / 2 + b / 2
  return middle >= a && middle < b ? middle : a
}

/** The most frequent levels get a bin each (ties: the first by code), the others share the last one. Levels without rows: 0. */
function chooseLevelBins(levels: number, codes: Int32Array, maxBins: number): Int32Array {
  const count = new Int32Array(levels)
  for (const code of codes) if (code >= 0) count[code] = count[code]! + 1
  const present = [...count.keys()].filter((code) => count[code]! > 0)
  const binOf = new Int32Array(levels)
  for (const code of present) binOf[code] = maxBins
  const isFew = present.length <= maxBins
  const own = isFew ? present : present.toSorted((a, b) => count[b]! - count[a]! || a - b)
  own.slice(0, isFew ? maxBins : maxBins - 1).forEach((code, at) => (binOf[code] = at + 1))
  return binOf
}

/** Bins of each column, bin 0 included. */
export function columnBins({ features, categories }: TreeColumns): number[] {
  return [
    ...features.map(({ cuts }) => cuts.length + 2),
    ...categories.map(({ binOf }) => binOf.reduce((most, bin) => Math.max(most, bin), 0) + 1),
  ]
}

/** Writes the bins of all rows. */
export async function fillBins(
  columns: TreeColumns,
  data: Dataset,
  histograms: GradientHistograms,
  pacer: Pacer,
): Promise<void> {
  const { features, categories } = columns
  const { matrix } = data
  const width = matrix.names.length
  const positions = columnPositions(
    matrix,
    features.map(({ name }) => name),
  )
  const limits = features.map(({ cuts }) => cuts)
  const strip = Math.max(1, Math.floor(STRIP_VALUES / Math.max(1, width)))
  const end = width > 0 ? matrix.rows : 0
  for (let from = 0; from < end; from += strip) {
    const to = Math.min(end, from + strip)
    const values = matrix.values.subarray(from * width, to * width)
    histograms.binValues({ values, width, positions, from }, limits)
    if (pacer.due((to - from) * width * 8)) await pacer.rest()
  }
  canonicalCategories(data.categories).forEach(({ codes }, c) => {
    const { binOf } = categories[c]!
    const start = (features.length + c) * matrix.rows
    codes.forEach((code, r) => (histograms.bins[start + r] = code < 0 ? 0 : binOf[code]!))
  })
  histograms.pack()
}

/** Values between two looks at the pacer. */
const STRIP_VALUES = 500_000

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA. */
export function checkTreeData(data: Dataset, rule: 'class' | 'value'): void {
  checkDataset(data, rule)
  if (data.matrix.rows > MAX_HISTOGRAM_ROWS) {
    throw modelError(
      'MODEL_INVALID_DATA',
      `there are ${data.matrix.rows} rows, trees learn from at most ${MAX_HISTOGRAM_ROWS}: train on a sample or on fewer batches`,
    )
  }
}
