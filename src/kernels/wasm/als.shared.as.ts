// Alternating least squares in AssemblyScript with 128-bit SIMD and single precision; `als/als-reference.ts` is the same
// mathematics in plain TypeScript. Many threads call these functions on one shared memory, each for ranges of rows of its
// own and with a scratch of its own, so nothing here is locked. What a job is: `als/job.as.ts`.
export { addGram, turn } from './als/basis.as'
export { solveByCholesky } from './als/exact.as'
export { solveByGradient } from './als/gradient.as'
