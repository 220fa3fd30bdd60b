/** T7: the error of ratings on the official folds of ml-100k, and the time to it, against Surprise's SVD++. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { factorization } from '../../src/models/factorization/factorization.ts'
import type { CategoryColumn, Dataset, PredictInput } from '../../src/models/model.ts'
import { parseParams } from '../../src/models/open-model.ts'
import type { Benchmark } from '../benchmark.ts'
import { genuineData, pythonPeer } from '../peers.ts'

const PEER = { 'scikit-surprise': '1.1.5', numpy: '2.4.6' }
const SCRIPT = fileURLToPath(new URL('surprise_peer.py', import.meta.url))
const FOLDS = [1, 2, 3, 4, 5]
/** Of the published SVD++. */
const MOST_RMSE = 0.919
const ROWS = 100_000

type Rating = readonly [user: string, item: string, rating: string]
interface Fold {
  readonly train: readonly Rating[]
  readonly test: readonly Rating[]
}

export const explicitRatings: Benchmark = {
  id: 'T7',
  question:
    'How long do five models of the ratings of ml-100k (u1 to u5) take, against SVD++ of Surprise with its defaults, at no larger an error?',
  work: FOLDS.length,
  unit: 'models/s',
  floor: 50,
  once: true,
  async prepare() {
    const source = genuineData('ml-100k')
    const python = pythonPeer(PEER)
    const folds = FOLDS.map((fold) => readFold(source, fold))
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
    for (const [at, { train, test }] of folds.entries()) {
      writeFileSync(join(folder, `${at}.train`), text(train))
      writeFileSync(join(folder, `${at}.test`), text(test))
    }
    const rmse = { ours: 0, peer: 0 }
    return {
      versions: PEER,
      ours: {
        async run() {
          const results = []
          for (const fold of folds) results.push(await fitAndTest(fold))
          rmse.ours = rmseOf(results)
          if (rmse.ours > MOST_RMSE) throw new Error(`RMSE ${rmse.ours}, at most ${MOST_RMSE}`)
          return results.reduce((sum, { seconds }) => sum + seconds, 0)
        },
      },
      peer: {
        async run() {
          // Two at once, a core each: SVD++ has one thread.
          const half = async (own: readonly number[]) => {
            const results = []
            for (const at of own) results.push(await peerFold(python, folder, at))
            return results
          }
          const began = performance.now()
          const results = (await Promise.all([half([0, 1, 2]), half([3, 4])])).flat()
          const seconds = (performance.now() - began) / 1_000
          rmse.peer = rmseOf(results)
          if (rmse.ours > rmse.peer)
            throw new Error(`our RMSE is ${rmse.ours}, the peer's ${rmse.peer}`)
          return seconds
        },
      },
      figures: () => ({ ourRmse: rmse.ours, peerRmse: rmse.peer }),
      close: async () => rmSync(folder, { recursive: true, force: true }),
    }
  },
}

function readFold(source: string, fold: number): Fold {
  const read = (file: string): Rating[] =>
    readFileSync(join(source, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [user = '', item = '', rating = ''] = line.split('\t')
        return [user, item, rating]
      })
  const test = read(`u${fold}.test`)
  const held = new Set(test.map(([user, item]) => `${user},${item}`))
  return { test, train: read('u.data').filter(([user, item]) => !held.has(`${user},${item}`)) }
}

const text = (rows: readonly Rating[]): string =>
  rows.map((row) => `${row.slice(0, 3).join('\t')}\n`).join('')

const rmseOf = (results: readonly { squares: number }[]): number =>
  Number(Math.sqrt(results.reduce((sum, { squares }) => sum + squares, 0) / ROWS).toFixed(4))

async function fitAndTest({ train, test }: Fold) {
  const data: Dataset = {
    matrix: { names: [], rows: train.length, values: new Float64Array(0) },
    categories: [column('user', train, 0), column('item', train, 1)],
    label: Float64Array.from(train, (row) => Number(row[2])),
  }
  const began = performance.now()
  const model = await factorization.fit(data, parseParams(factorization, {}), { seed: 1 })
  const seconds = (performance.now() - began) / 1_000
  const input: PredictInput = {
    matrix: { names: [], rows: test.length, values: new Float64Array(0) },
    categories: { user: test.map(([user]) => user), item: test.map(([, item]) => item) },
  }
  const { value } = model.predict(input)
  const squares = test.reduce(
    (sum, row, at) => sum + (Math.min(5, Math.max(1, value[at]!)) - Number(row[2])) ** 2,
    0,
  )
  return { seconds, squares }
}

function column(name: string, rows: readonly Rating[], at: 0 | 1): CategoryColumn {
  const levels = [...new Set(rows.map((row) => row[at]))]
  const codeOf = new Map(levels.map((level, code) => [level, code]))
  return { name, levels, codes: Int32Array.from(rows, (row) => codeOf.get(row[at])!) }
}

async function peerFold(python: string, folder: string, at: number) {
  const run = promisify(execFile)
  const { stdout } = await run(python, [SCRIPT, folder, `${at}.train`, `${at}.test`])
  return JSON.parse(stdout) as { seconds: number; squares: number }
}
