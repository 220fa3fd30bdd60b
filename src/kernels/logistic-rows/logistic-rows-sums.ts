/** Loss and slopes from parts that were made side by side, added in their order. */
import { HEAD } from './logistic-rows-memory.ts'

/** Writes the slopes (intercept, columns, levels) and returns the loss. */
export function takeParts(
  parts: readonly Float64Array[],
  columns: number,
  stride: number,
  slopes: Float64Array,
): number {
  slopes.fill(0)
  const levels = slopes.length - 1 - columns
  let loss = 0
  for (const part of parts) {
    loss += part[0]! + part[1]!
    slopes[0]! += part[2]!
    for (let j = 0; j < columns; j++) slopes[1 + j]! += part[HEAD + j]!
    for (let l = 0; l < levels; l++) slopes[1 + columns + l]! += part[HEAD + stride + l]!
  }
  return loss
}
