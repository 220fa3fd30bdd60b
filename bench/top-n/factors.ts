import { createRandom, openAls, type Side } from '../../src/kernels/index.ts'
import { makeMatrix, type MatrixShape } from '../als-train/matrix.ts'

/** rows × d numbers, uniform from −1 to 1. */
export function randomFactors(rows: number, d: number, seed: number): Float32Array {
  const random = createRandom(seed)
  const values = new Float32Array(rows * d)
  for (let at = 0; at < values.length; at++) values[at] = 2 * random.uniform() - 1
  return values
}

/** Of a made-up matrix of this shape, after three iterations of implicit ALS: what serving really scans. */
export async function trainedFactors(
  shape: MatrixShape,
  factors: number,
): Promise<Readonly<Record<Side, Float32Array>>> {
  const matrix = makeMatrix(shape, 1)
  const als = openAls(matrix, { factors, threads: 2 })
  const random = createRandom(1)
  const first = Float32Array.from({ length: shape.columns * factors }, () => random.gaussian())
  als.write(
    'columns',
    first.map((value) => 0.01 * value),
  )
  for (let half = 0; half < 7; half++) {
    const side = half % 2 === 0 ? 'rows' : 'columns'
    await als.solve({
      side,
      gramWeight: 0.05,
      square: { scale: 1, shift: 0 },
      target: { scale: 1, shift: 0 },
      penalty: new Float64Array(shape[side]).fill(1),
      method: { gradientSteps: 2 },
    })
  }
  const result = { rows: als.read('rows'), columns: als.read('columns') }
  await als.close()
  return result
}
