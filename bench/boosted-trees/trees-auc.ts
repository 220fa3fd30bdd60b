/**
 * C2-auc: the mean AUC of boosted trees over five seeds on three data sets, beside scikit-learn and LightGBM at equal
 * parameters. The "ratio" is the difference that is allowed to the largest one found.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { createRandom } from '../../src/kernels/index.ts'
import type { Benchmark } from '../benchmark.ts'
import { LEARNER_PEERS, openLearnerPeer, type PeerRun } from '../learner-peer.ts'
import { datasetOf, makeRows, writeRows, type MadeRows } from '../made-rows.ts'
import { genuineData } from '../peers.ts'
import { aucOf, fitTrees } from './boosted-trees.ts'

const SCRIPT = fileURLToPath(new URL('trees_peer.py', import.meta.url))
const SEEDS = [1, 2, 3, 4, 5]
const PEERS = ['scikit-learn', 'lightgbm'] as const
const TREES = 100
/** Largest difference of two mean AUCs. */
const ALLOWED = 0.003
const TEST_SHARE = 0.2

interface Parts {
  readonly train: MadeRows
  readonly test: MadeRows
}

/** One fifth of the rows to test, others by every seed. */
const SETS: Readonly<Record<string, () => (seed: number) => Parts>> = {
  movielens() {
    const table = readMovieLens(genuineData('ml-100k'))
    return (seed) => split(table, seed)
  },
  sparkify() {
    const table = readSparkify(genuineData('sparkify-users'))
    return (seed) => split(table, seed)
  },
  generated: () => (seed) => ({
    train: makeRows(1_000_000, 28, seed),
    test: makeRows(200_000, 28, seed + SEEDS.length),
  }),
}

export const treesAuc: Benchmark = {
  id: 'C2-auc',
  question:
    'Is the mean AUC of boosted trees within 0.003 of those of scikit-learn and LightGBM on three data sets?',
  work: 1,
  unit: '1 / difference',
  floor: 1,
  once: true,
  async prepare() {
    const python = openLearnerPeer<PeerRun & { readonly auc: number }>(SCRIPT)
    const figures: Record<string, number> = {}
    return {
      versions: LEARNER_PEERS,
      ours: {
        async run() {
          let largest = 0
          for (const [name, open] of Object.entries(SETS)) {
            const partsOf = open()
            const found = {
              ours: [] as number[],
              'scikit-learn': [] as number[],
              lightgbm: [] as number[],
            }
            for (const seed of SEEDS) {
              const { train, test } = partsOf(seed)
              writeRows(python.folder, 'train', train)
              writeRows(python.folder, 'test', test)
              found.ours.push(aucOf(await fitTrees(datasetOf(train), seed, TREES), datasetOf(test)))
              for (const peer of PEERS) {
                found[peer].push(python.run('fit', peer, train.columns, TREES, seed).auc)
              }
            }
            for (const [who, values] of Object.entries(found)) {
              figures[`${name} ${who}`] = Number(mean(values).toFixed(5))
            }
            for (const peer of PEERS) {
              largest = Math.max(largest, Math.abs(mean(found.ours) - mean(found[peer])))
            }
          }
          return largest
        },
      },
      peer: { run: async () => ALLOWED },
      figures: () => figures,
      close: () => python.close(),
    }
  },
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

function split({ rows, columns, values, label }: MadeRows, seed: number): Parts {
  const random = createRandom(seed)
  const isTest = Uint8Array.from({ length: rows }, () => Number(random.uniform() < TEST_SHARE))
  const part = (wanted: number): MadeRows => {
    const kept = Array.from(isTest.keys()).filter((r) => isTest[r] === wanted)
    const chosen = new Float32Array(kept.length * columns)
    kept.forEach((r, i) => chosen.set(values.subarray(r * columns, (r + 1) * columns), i * columns))
    return {
      rows: kept.length,
      columns,
      values: chosen,
      label: Uint8Array.from(kept, (r) => label[r]!),
    }
  }
  return { train: part(0), test: part(1) }
}

function tableOf(lines: readonly (readonly number[])[], label: readonly number[]): MadeRows {
  const columns = lines[0]!.length
  const values = new Float32Array(lines.length * columns)
  lines.forEach((line, r) => values.set(line, r * columns))
  return { rows: lines.length, columns, values, label: Uint8Array.from(label) }
}

/** A rating of at least 4, from what was known of user and movie before it, age, gender, year and genres. */
function readMovieLens(folder: string): MadeRows {
  const linesOf = (name: string, separator: string): string[][] =>
    readFileSync(join(folder, name), 'latin1')
      .trim()
      .split('\n')
      .map((line) => line.split(separator))
  const users = new Map(
    linesOf('u.user', '|').map(([id, age, gender]) => [id, [Number(age), Number(gender === 'F')]]),
  )
  const items = new Map(
    linesOf('u.item', '|').map((line) => [
      line[0],
      [Number(line[2]?.slice(-4) || Number.NaN), ...line.slice(5, 24).map(Number)],
    ]),
  )
  const seen = new Map<string, { count: number; sum: number }>()
  const before = (key: string): number[] => {
    const { count, sum } = seen.get(key) ?? { count: 0, sum: 0 }
    return [count, count > 0 ? sum / count : Number.NaN]
  }
  const add = (key: string, rating: number): void => {
    const { count, sum } = seen.get(key) ?? { count: 0, sum: 0 }
    seen.set(key, { count: count + 1, sum: sum + rating })
  }
  const ratings = linesOf('u.data', '\t').toSorted((a, b) => Number(a[3]) - Number(b[3]))
  const lines: number[][] = []
  for (const [user = '', item = '', rating] of ratings) {
    lines.push([
      ...before(`user ${user}`),
      ...before(`item ${item}`),
      ...users.get(user)!,
      ...items.get(item)!,
    ])
    add(`user ${user}`, Number(rating))
    add(`item ${item}`, Number(rating))
  }
  return tableOf(
    lines,
    ratings.map(([, , rating]) => Number(Number(rating) >= 4)),
  )
}

/** Whether a user leaves, from 48 counts and rates; without the column that ends with the label. */
function readSparkify(folder: string): MadeRows {
  const text = gunzipSync(readFileSync(join(folder, 'users-train.csv.gz'))).toString()
  const [header = '', ...rest] = text.trim().split('\n')
  const names = header.split(',')
  const isFeature = names.map((name) => !['userId', 'churn', 'tenure_days'].includes(name))
  const at = (name: string): number => names.indexOf(name)
  const rows = rest
    .map((line) => line.split(','))
    // All who were logged out are one line there, without a gender.
    .filter((cells) => cells[at('gender')] !== '')
  const lines = rows.map((cells) =>
    cells.flatMap((cell, j) => {
      if (!isFeature[j]) return []
      if (j === at('gender')) return [Number(cell === 'F')]
      return [cell === '' ? Number.NaN : Number(cell)]
    }),
  )
  return tableOf(
    lines,
    rows.map((cells) => Number(cells[at('churn')])),
  )
}
