// The fields of a job, byte offsets; what a job points to is laid out by `als/als-memory.ts`.
// d is the stride of a row of factors: a multiple of 8, the unused tail is zero and stays zero.

export const D: usize = 0 // i32
export const STEPS: usize = 4 // i32, conjugate gradient steps
export const START: usize = 8 // *u32, rows + 1 offsets into the entries
export const COLUMN: usize = 12 // *i32, per entry
export const VALUE: usize = 16 // *f32, per entry
export const TARGET: usize = 20 // *f32, rows × d: what is solved for
export const SOURCE: usize = 24 // *f32, columns × d: what is fixed
export const SPECTRUM: usize = 28 // *f32, d: the gram matrix of SOURCE is diagonal, and this is it, ≥ 0
export const PENALTY: usize = 32 // *f32, per row
// Of an entry of value v: weight of its square v · A_SCALE + A_SHIFT, of its target v · B_SCALE + B_SHIFT.
export const A_SCALE: usize = 36
export const A_SHIFT: usize = 40
export const B_SCALE: usize = 44
export const B_SHIFT: usize = 48
export const PART: usize = 52 // *f32, d × d per chunk of rows: partial gram matrices
export const BASIS: usize = 56 // *f32, per 8 columns d × 8: the matrix that rows of SOURCE are multiplied by
export const WEIGHT: usize = 60 // *f32, per entry, both a and b are multiplied by it; 0: none

// @ts-ignore: decorator
@inline export function at(job: usize, field: usize): usize {
  return <usize>load<u32>(job + field)
}

// The address of row `e` of the entries' columns in a table of rows of `bytes`.
// @ts-ignore: decorator
@inline export function rowOf(table: usize, column: usize, e: u32, bytes: usize): usize {
  return table + <usize>load<i32>(column + ((<usize>e) << 2)) * bytes
}
