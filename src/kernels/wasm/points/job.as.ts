// What a job is, and numbers that all of it share.

// A job, 32-bit unless said; as `JOB` in `points/points-wasm.ts`.
export const STRIDE = 0
export const ROWS_AT = 4
export const WEIGHTS = 8
export const CLUSTER = 12
export const DISTANCE = 16
export const CENTERS = 20
export const PACKED = 24
export const HALF_NORMS = 28
export const PARTS = 32
export const COUNT = 36
export const BLOCKS = 40
export const PART_BYTES = 44
// Single precision: part of the norms that a score may be wrong by, and the largest norm of a center.
export const ERROR_SHARE = 48
export const LARGEST_NORM = 52
export const CHOSEN = 56
export const BOUNDS = 60
export const UPPER = 64
export const MOVES = 68
export const GROUP_MOVES = 72
export const GROUP_BLOCKS = 76
export const REMEMBERS = 80
export const GROUP_MASK = 84
export const CHANGED = 88
// What is lost below the least single number of full precision; far more, to be sure.
export const UNDERFLOW: f32 = 1e-35

// Centers that lie side by side, one number of each after another: two vectors.
export const BLOCK: i32 = 8
// Groups of centers that have a lower bound of their own.
export const GROUPS: i32 = 16
// More than rounding takes off or adds in a step of a bound.
export const LESS: f32 = 1 - 1e-6
export const MORE: f32 = 1 + 1e-6

// @ts-ignore: decorator
@inline
export function field(job: usize, at: usize): usize {
  return <usize>load<u32>(job + at)
}
