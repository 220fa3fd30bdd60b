/**
 * Intervals of metrics by the bootstrap (Efron & Tibshirani 1993, chapters 13 and 8.3): the scored rows are drawn again with
 * replacement, the metric computed on each draw, and the middle 95 % of the values is the interval. Rows of one entity are
 * alike, so entities are drawn where they are known, each with all of its rows: drawing rows would promise too much.
 */
import { createRandom } from '../../kernels/index.ts'
import { ascending, type Metric, type Scored } from './metric.ts'

/** Low and high end of the 95 % interval. */
export type Interval = readonly [low: number, high: number]

export interface BootstrapOptions {
  readonly seed: number
  /** Entity of each row, a text or a number. Absent: each row by itself. */
  readonly entities?: ArrayLike<string | number | null>
}

const LEVEL = 0.95
const DRAWS = 200
/** Beyond it an interval is narrow, and half the draws place its ends well enough. */
const MANY_ROWS = 50_000

/** Intervals by name of metric. A metric that some draw does not define (one class only) has none. */
export function bootstrap(
  metrics: readonly Metric[],
  { truth, predicted }: Scored,
  { seed, entities }: BootstrapOptions,
): Record<string, Interval> {
  const rows = truth.length
  const groups = groupsOf(rows, entities)
  if (groups.count < 2) return {}
  const random = createRandom(seed)
  const order = ascending(predicted)
  const drawn = new Float64Array(groups.count)
  const weights = new Float64Array(rows)
  const draws = rows > MANY_ROWS ? DRAWS / 2 : DRAWS
  const values = metrics.map(() => new Float64Array(draws))
  for (let draw = 0; draw < draws; draw += 1) {
    drawn.fill(0)
    for (let i = 0; i < groups.count; i += 1) {
      const group = random.int(groups.count)
      drawn[group] = (drawn[group] ?? 0) + 1
    }
    for (let row = 0; row < rows; row += 1) weights[row] = drawn[groups.of[row] ?? 0] ?? 0
    for (const [at, metric] of metrics.entries()) {
      values[at]![draw] = metric.compute({ truth, predicted, weights, order })
    }
  }
  return Object.fromEntries(
    metrics.flatMap((metric, at) => {
      const interval = middle(values[at]!)
      return interval === undefined ? [] : [[metric.name, interval]]
    }),
  )
}

function groupsOf(
  rows: number,
  entities: BootstrapOptions['entities'],
): { count: number; of: Int32Array } {
  const of = new Int32Array(rows)
  const codes = new Map<string | number, number>()
  let count = 0
  for (let row = 0; row < rows; row += 1) {
    const entity = entities?.[row] ?? null
    const known = entity === null ? undefined : codes.get(entity)
    of[row] = known ?? count
    if (known !== undefined) continue
    if (entity !== null) codes.set(entity, count)
    count += 1
  }
  return { count, of }
}

function middle(values: Float64Array): Interval | undefined {
  if (!values.every(Number.isFinite)) return undefined
  const sorted = values.toSorted()
  return [quantile(sorted, (1 - LEVEL) / 2), quantile(sorted, (1 + LEVEL) / 2)]
}

/** Linear between neighbours: Hyndman & Fan 1996, type 7. */
function quantile(sorted: Float64Array, at: number): number {
  const place = at * (sorted.length - 1)
  const low = Math.floor(place)
  const [left, right] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!]
  return left + (place - low) * (right - left)
}
