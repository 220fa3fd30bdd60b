// The inner loops of Points in AssemblyScript with 128-bit SIMD; `points/points-reference.ts` gives the same numbers in
// TypeScript. Rows are single precision, every distance and sum that is handed out is double. All pointers are byte
// addresses in the imported memory; the caller lays them out (`points/points-wasm.ts`). No memory is allocated here.
// Functions of (job, from, to, scratch, range) run on many threads, each writing only what belongs to its range.
export { assign } from './points/assign.as'
export { assignByBounds } from './points/bounds.as'
export { addUp, lower, measure, weigh } from './points/sums.as'
