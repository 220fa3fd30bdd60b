/** Strong-Wolfe line search: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6. */

/** A point on the line: step, value and slope there. */
export interface LinePoint {
  readonly step: number
  readonly value: number
  readonly slope: number
}

/** Value and slope at a step; a value that is not finite means "too far". */
export type LineFunction = (step: number) => Promise<LinePoint>

/** Sufficient decrease and curvature, as recommended for quasi-Newton methods (same source, section 3.1). */
const C1 = 1e-4
const C2 = 0.9
/** Each bound is far above what a smooth convex function needs (2 to 4): reaching it means rounding noise. */
const MAX_EXPANSIONS = 30
const MAX_ZOOMS = 40

/**
 * A step that satisfies the strong Wolfe conditions, or at least decreases the value; undefined when there is none (the
 * values differ by rounding only). The point returned is the one that was evaluated last.
 */
export async function searchLine(
  at: LineFunction,
  start: LinePoint,
  firstStep: number,
): Promise<LinePoint | undefined> {
  let previous = start
  let step = firstStep
  for (let i = 0; i < MAX_EXPANSIONS; i++) {
    const point = await at(step)
    if (!Number.isFinite(point.value) || !decreases(start, point)) {
      return zoom(at, start, previous, point)
    }
    if (i > 0 && point.value >= previous.value) return zoom(at, start, previous, point)
    if (Math.abs(point.slope) <= -C2 * start.slope) return point
    if (point.slope >= 0) return zoom(at, start, point, previous)
    previous = point
    step *= 2
  }
  return previous
}

const decreases = (start: LinePoint, point: LinePoint): boolean =>
  point.value <= start.value + C1 * point.step * start.slope

/** Algorithm 3.6: `low` always has the smallest value that decreases enough; the interval halves at least. */
async function zoom(
  at: LineFunction,
  start: LinePoint,
  low: LinePoint,
  high: LinePoint,
): Promise<LinePoint | undefined> {
  for (let i = 0; i < MAX_ZOOMS; i++) {
    const step = between(low, high)
    if (step === low.step || step === high.step) break
    const point = await at(step)
    if (!Number.isFinite(point.value) || !decreases(start, point) || point.value >= low.value) {
      high = point
      continue
    }
    if (Math.abs(point.slope) <= -C2 * start.slope) return point
    if (point.slope * (high.step - low.step) >= 0) high = low
    low = point
  }
  return low.step > 0 ? at(low.step) : undefined
}

/** The minimum of the cubic through both points (equation 3.59), kept off the ends; the middle when there is none. */
function between(low: LinePoint, high: LinePoint): number {
  const width = high.step - low.step
  const middle = low.step + width / 2
  if (!Number.isFinite(high.value) || !Number.isFinite(high.slope)) return middle
  const d1 = low.slope + high.slope - (3 * (low.value - high.value)) / (low.step - high.step)
  const inside = d1 * d1 - low.slope * high.slope
  if (!(inside >= 0)) return middle
  const d2 = Math.sign(width) * Math.sqrt(inside)
  const step = high.step - width * ((high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2))
  const share = (step - low.step) / width
  return share > 0.1 && share < 0.9 ? step : middle
}
