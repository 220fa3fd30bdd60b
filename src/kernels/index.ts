export {
  JsonScanner,
  type JsonFault,
  type JsonFaultCode,
  type JsonScan,
  type JsonScanOptions,
} from './json-scan.ts'
export { FlatFields } from './flat-fields.ts'
export { FLAT_KIND, FlatJson } from './flat-json.ts'
export { alsBytes } from './als/als-memory.ts'
export { openAls, type AlsSolver, type HalfStep, type Side } from './als/als.ts'
export { addToGram, foldIn, gramOf, rowSystem, type FactorTable } from './als/fold-in.ts'
export { compressRows, type SparseMatrix } from './als/sparse-matrix.ts'
export { crc32c } from './crc32c.ts'
export { createLogisticRows, type LogisticRows } from './logistic-rows/logistic-rows.ts'
export { logisticRowsBytes } from './logistic-rows/logistic-rows-memory.ts'
export { murmur2 } from './murmur2.ts'
export { assignRows } from './assignment.ts'
export { choleskyFactor, choleskySolve } from './cholesky.ts'
export { createDenseMatrix, type DenseMatrix } from './dense-matrix.ts'
export { dot, squaredDistance } from './distances.ts'
export { chooseScales, MAX_HISTOGRAM_ROWS, type Scales } from './histogram-scales.ts'
export { createHistograms, type CutRules, type GradientHistograms } from './histograms.ts'
export { histogramBytes } from './histograms-memory.ts'
export { binOfValue } from './histograms-reference.ts'
export { minimize } from './l-bfgs.ts'
export { createPoints, type ClusterSums, type Points, type PointsShape } from './points/points.ts'
export { pointsBytes } from './points/points-memory.ts'
export { createRandom, type Random } from './random.ts'
export { topK } from './top-k.ts'
export { createTopN, type TopN } from './top-n/top-n.ts'
export { createTreeScorer, type TreeScorer } from './tree-scorer.ts'
