import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lossOf, type Objective } from '../../src/kernels/als/als-reference.ts'
import { createRandom, openAls, type HalfStep, type Side } from '../../src/kernels/index.ts'
import type { Benchmark, PreparedBenchmark } from '../benchmark.ts'
import { pythonPeer } from '../peers.ts'
import { makeMatrix, ML_20M, type Matrix } from './matrix.ts'

const PEER = { implicit: '0.7.3', numpy: '2.4.6', scipy: '1.17.1' }
const SCRIPT = fileURLToPath(new URL('implicit_peer.py', import.meta.url))
const [ALPHA, REGULARIZATION, THREADS] = [10, 0.01, 2]
/** Largest difference of the two final losses. */
const TOLERANCE = 0.005

interface Work {
  readonly id: string
  readonly factors: number
  readonly method: HalfStep['method']
  readonly iterations: number
  readonly floor: number
  /** Each side once: an exact iteration of the peer at 128 factors takes a third of a minute. */
  readonly once?: boolean
}

/** Ours are preconditioned: two end at the loss of the three that the peer does. */
const CG = { gradientSteps: 2 }

/** T1, T2: conjugate gradients; T3: exact. */
export const alsT1 = alsTrain({ id: 'T1', factors: 64, method: CG, iterations: 15, floor: 2.5 })
export const alsT2 = alsTrain({ id: 'T2', factors: 128, method: CG, iterations: 8, floor: 1.8 })
export const alsT2Wide = alsTrain({
  id: 'T2-256',
  factors: 256,
  method: CG,
  iterations: 5,
  floor: 1.3,
})
export const alsT3 = alsTrain({
  id: 'T3',
  factors: 64,
  method: 'cholesky',
  iterations: 5,
  floor: 3.5,
})
export const alsT3Wide = alsTrain({
  id: 'T3-128',
  factors: 128,
  method: 'cholesky',
  iterations: 3,
  floor: 2.8,
  once: true,
})

function alsTrain({ id, factors, method, iterations, floor, once }: Work): Benchmark {
  const name = method === 'cholesky' ? 'exact' : 'gradient'
  return {
    id,
    question: `How long do iterations 2 to ${iterations} of ${name} ALS at ${factors} factors take on a MovieLens-20M shape, against implicit?`,
    work: iterations - 1,
    unit: 'iterations/s',
    floor,
    ...(once !== undefined && { once }),
    async prepare() {
      const matrix = makeMatrix(ML_20M, 1)
      const python = pythonPeer(PEER)
      const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
      writeFileSync(join(folder, 'start.i32'), matrix.start)
      writeFileSync(join(folder, 'column.i32'), matrix.column)
      writeFileSync(join(folder, 'value.f32'), matrix.value)
      const loss: { ours?: number; peer?: number } = {}
      const prepared: PreparedBenchmark = {
        versions: PEER,
        ours: {
          async run() {
            const { seconds, tables } = await train(matrix, factors, method, iterations)
            loss.ours ??= lossOf(matrix, tables, OBJECTIVE(matrix))
            agree(loss)
            return seconds
          },
        },
        peer: {
          async run() {
            const mode = method === 'cholesky' ? 'cholesky' : 'cg'
            const settings = [factors, ALPHA, REGULARIZATION, iterations, THREADS, mode].map(String)
            const shape = [String(matrix.rows), String(matrix.columns)]
            const out = execFileSync(python, [SCRIPT, folder, ...shape, ...settings])
            const side = (file: string) => ({
              values: singles(join(folder, file)),
              factors,
              stride: factors,
            })
            const tables = { rows: side('users.f32'), columns: side('items.f32') }
            loss.peer ??= lossOf(matrix, tables, OBJECTIVE(matrix))
            agree(loss)
            return (JSON.parse(out.toString()) as { seconds: number }).seconds
          },
        },
        async close() {
          rmSync(folder, { recursive: true, force: true })
        },
      }
      return prepared
    },
  }
}

const EQUATION = {
  gramWeight: 1,
  square: { scale: ALPHA, shift: -1 },
  target: { scale: ALPHA, shift: 0 },
}
const OBJECTIVE = ({ rows, columns }: Matrix): Objective => ({
  ...EQUATION,
  penalty: {
    rows: new Float64Array(rows).fill(REGULARIZATION),
    columns: new Float64Array(columns).fill(REGULARIZATION),
  },
})

async function train(
  matrix: Matrix,
  factors: number,
  method: HalfStep['method'],
  iterations: number,
) {
  const als = openAls(matrix, { factors, threads: THREADS })
  const random = createRandom(1)
  for (const side of ['rows', 'columns'] as const)
    als.write(
      side,
      Float32Array.from({ length: matrix[side] * factors }, () => 0.01 * random.uniform()),
    )
  const { penalty } = OBJECTIVE(matrix)
  let began = 0
  for (let iteration = 1; iteration <= iterations; iteration++) {
    if (iteration === 2) began = performance.now()
    for (const side of ['rows', 'columns'] as const)
      await als.solve({ side, ...EQUATION, penalty: penalty[side], method })
  }
  const seconds = (performance.now() - began) / 1_000
  const table = (side: Side) => ({ values: als.read(side), factors, stride: factors })
  const tables = { rows: table('rows'), columns: table('columns') }
  await als.close()
  return { seconds, tables }
}

function singles(file: string): Float32Array {
  const bytes = readFileSync(file)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** The same result first, else no time is reported. */
function agree({ ours, peer }: { ours?: number; peer?: number }): void {
  if (ours === undefined || peer === undefined) return
  if (ours / peer - 1 > TOLERANCE) {
    throw new Error(`our loss is ${ours}, the peer's ${peer}: more than ${TOLERANCE} above`)
  }
}
