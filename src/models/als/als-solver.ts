/**
 * The training of `als`: alternating half-steps of `kernels/als`. The last one is over users and exact, so that a trained
 * user is the same as that user's history folded in.
 */
import { createRandom, openAls, type HalfStep, type Side } from '../../kernels/index.ts'
import { modelError } from '../errors.ts'
import type { FitContext } from '../model.ts'
import type { Interactions } from '../recommender.ts'
import type { AlsParams } from './als-params.ts'

/** users × factors and items × factors, row-major. */
export interface AlsFactors {
  readonly users: Float32Array
  readonly items: Float32Array
}

/** Beyond, single precision has too few digits for the other interactions beside. */
const MAX_CONFIDENCE = 1e5
/** Spread of the first factors, times 1 / √d, as the paper has it. */
const START_SPREAD = 0.1

/** c of an interaction of value r. */
export function confidenceOf(value: number, params: AlsParams): number {
  if (params.confidence === 'binary') return 1
  const amount = params.confidence === 'log' ? Math.log1p(value) : value
  return 1 + params.confidenceScale * amount
}

/** λ (n + α₀ m)^ν. */
export const penaltyOf = (entries: number, others: number, params: AlsParams): number =>
  params.regularization * (entries + params.unobserved * others) ** params.regularizationPower

/** c of every interaction. Throws MODEL_INVALID_DATA where one is too large to learn from. */
export function confidencesOf({ value }: Interactions, params: AlsParams): Float32Array {
  if (params.confidence === 'binary') return new Float32Array(value.length).fill(1)
  const confidences = Float32Array.from(value, (r) => confidenceOf(r, params))
  const largest = confidences.reduce((most, c) => Math.max(most, c), 0)
  if (largest <= MAX_CONFIDENCE) return confidences
  throw modelError(
    'MODEL_INVALID_DATA',
    `the largest weight of an interaction is ${largest}, at most ${MAX_CONFIDENCE} can be learned from: set confidence to log or binary, or lower confidenceScale`,
  )
}

/** Throws MODEL_INVALID_DATA, KERNEL_TOO_LARGE, KERNEL_MISSING; rejects with KERNEL_THREAD_LOST. */
export async function fitAls(
  data: Interactions,
  params: AlsParams,
  threads: number,
  context: FitContext,
): Promise<AlsFactors> {
  context.signal?.throwIfAborted()
  const matrix = {
    rows: data.users.size,
    columns: data.items.size,
    start: data.start,
    column: data.item,
    value: confidencesOf(data, params),
  }
  const { factors, iterations } = params
  const als = openAls(matrix, { factors, threads, signal: context.signal })
  try {
    als.write('columns', firstFactors(data.items.size * factors, factors, context.seed))
    const penalties = penaltiesOf(data, params)
    const halves = 2 * iterations + 1
    for (let half = 0; half < halves; half++) {
      await als.solve(halfStep(half, halves, penalties, params, context))
      context.progress?.((half + 1) / halves)
    }
    return { users: als.read('rows'), items: als.read('columns') }
  } finally {
    await als.close()
  }
}

function halfStep(
  half: number,
  halves: number,
  penalties: Readonly<Record<Side, Float64Array>>,
  params: AlsParams,
  context: FitContext,
): HalfStep {
  const side: Side = half % 2 === 0 ? 'rows' : 'columns'
  const isExact = params.solver === 'cholesky' || half === halves - 1
  return {
    side,
    gramWeight: params.unobserved,
    square: { scale: 1, shift: 0 },
    target: { scale: 1, shift: 0 },
    penalty: penalties[side],
    method: isExact ? 'cholesky' : { gradientSteps: params.gradientSteps },
    onProgress: (done) => context.progress?.((half + done) / halves),
  }
}

function penaltiesOf(data: Interactions, params: AlsParams): Record<Side, Float64Array> {
  const [users, items] = [data.users.size, data.items.size]
  const counts = new Float64Array(items)
  for (const item of data.item) counts[item]! += 1
  return {
    rows: Float64Array.from({ length: users }, (_, u) =>
      penaltyOf(data.start[u + 1]! - data.start[u]!, items, params),
    ),
    columns: counts.map((count) => penaltyOf(count, users, params)),
  }
}

/** Of items; those of users follow from them. */
function firstFactors(length: number, factors: number, seed: number): Float32Array {
  const random = createRandom(seed)
  const scale = START_SPREAD / Math.sqrt(factors)
  return Float32Array.from({ length }, () => scale * random.gaussian())
}
