/**
 * Limited-memory BFGS for smooth functions of many variables: Nocedal and Wright, Numerical Optimization, 2nd ed.,
 * algorithms 7.4 (two-loop recursion) and 7.5, with the strong-Wolfe search of `line-search.ts`.
 */
import { dot } from './distances.ts'
import { searchLine, type LinePoint } from './line-search.ts'

/** Value at `x`; writes the gradient. May take turns off (await) inside. Must not keep either array. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number | Promise<number>

export interface MinimizeOptions {
  readonly maxIterations: number
  /** Stop when the largest absolute entry of the gradient is at most this. */
  readonly tolerance: number
  /** Correction pairs kept; 3 to 20. Default 10. */
  readonly memory?: number
  /** Checked before every evaluation; the promise rejects with its reason. */
  readonly signal?: AbortSignal
  readonly onIteration?: (iteration: number) => void
}

export interface MinimizeResult {
  readonly value: number
  readonly iterations: number
  /** False when `maxIterations` or the limit of rounding came first; `x` is the best point all the same. */
  readonly converged: boolean
}

interface Pair {
  readonly s: Float64Array
  readonly y: Float64Array
  readonly rho: number
}

/** Minimizes in place: `x` is the start and becomes the answer. The value never rises. */
export async function minimize(
  objective: Objective,
  x: Float64Array,
  options: MinimizeOptions,
): Promise<MinimizeResult> {
  const n = x.length
  const memory = options.memory ?? 10
  const gradient = new Float64Array(n)
  const direction = new Float64Array(n)
  const trialX = new Float64Array(n)
  const trialGradient = new Float64Array(n)
  const pairs: Pair[] = []

  const evaluate = (point: Float64Array, into: Float64Array): number | Promise<number> => {
    options.signal?.throwIfAborted()
    return objective(point, into)
  }
  const along = async (step: number): Promise<LinePoint> => {
    for (let i = 0; i < n; i++) trialX[i] = x[i]! + step * direction[i]!
    const value = await evaluate(trialX, trialGradient)
    return { step, value, slope: dot(trialGradient, 0, direction, 0, n) }
  }

  let value = await evaluate(x, gradient)
  for (let iteration = 0; iteration < options.maxIterations; iteration++) {
    if (largest(gradient) <= options.tolerance)
      return { value, iterations: iteration, converged: true }
    twoLoop(gradient, pairs, direction)
    let slope = dot(gradient, 0, direction, 0, n)
    if (!(slope < 0)) {
      // Rounding spoilt the curvature: forget it and go straight down.
      pairs.length = 0
      twoLoop(gradient, pairs, direction)
      slope = dot(gradient, 0, direction, 0, n)
    }
    const firstStep = pairs.length === 0 ? Math.min(1, 1 / sumOfAbsolutes(gradient)) : 1
    const found = await searchLine(along, { step: 0, value, slope }, firstStep)
    if (found === undefined || !(found.value <= value)) {
      if (pairs.length === 0) return { value, iterations: iteration, converged: false }
      pairs.length = 0
      continue
    }
    remember(pairs, memory, x, gradient, trialX, trialGradient)
    x.set(trialX)
    gradient.set(trialGradient)
    value = found.value
    options.onIteration?.(iteration + 1)
  }
  const converged = largest(gradient) <= options.tolerance
  return { value, iterations: options.maxIterations, converged }
}

/** Algorithm 7.4: direction = −H g, H built from the pairs; scaling of equation 7.20. */
function twoLoop(gradient: Float64Array, pairs: readonly Pair[], direction: Float64Array): void {
  const n = gradient.length
  for (let i = 0; i < n; i++) direction[i] = -gradient[i]!
  const alphas: number[] = []
  for (let p = pairs.length - 1; p >= 0; p--) {
    const { s, y, rho } = pairs[p]!
    const alpha = rho * dot(s, 0, direction, 0, n)
    alphas[p] = alpha
    for (let i = 0; i < n; i++) direction[i] = direction[i]! - alpha * y[i]!
  }
  const last = pairs.at(-1)
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, 0, last.y, 0, n))
    for (let i = 0; i < n; i++) direction[i] = direction[i]! * scale
  }
  for (let p = 0; p < pairs.length; p++) {
    const { s, y, rho } = pairs[p]!
    const beta = rho * dot(y, 0, direction, 0, n)
    for (let i = 0; i < n; i++) direction[i] = direction[i]! + (alphas[p]! - beta) * s[i]!
  }
}

/** Keeps the newest pair if its curvature is positive (equation 7.19 needs sᵀy > 0). */
function remember(
  pairs: Pair[],
  memory: number,
  x: Float64Array,
  gradient: Float64Array,
  nextX: Float64Array,
  nextGradient: Float64Array,
): void {
  const s = nextX.map((value, i) => value - x[i]!)
  const y = nextGradient.map((value, i) => value - gradient[i]!)
  const curvature = dot(s, 0, y, 0, s.length)
  if (!(curvature > Number.EPSILON * dot(y, 0, y, 0, y.length))) return
  if (pairs.length === memory) pairs.shift()
  pairs.push({ s, y, rho: 1 / curvature })
}

const largest = (values: Float64Array): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

const sumOfAbsolutes = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + Math.abs(value), 0)
