/**
 * T6: NDCG@10 on genuine data against the better of implicit and EASE, one evaluator for all, the mean of five splits: a fifth of each
 * user's interactions held back (floor), the whole catalogue ranked without what the user had. Our parameters were chosen on
 * a validation split, the peers' are the best of a grid on the test rows.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRandom } from '../../src/kernels/index.ts'
import { als } from '../../src/models/als/als.ts'
import { createInteractions } from '../../src/models/interactions.ts'
import { parseParams } from '../../src/models/open-model.ts'
import type { Benchmark } from '../benchmark.ts'
import { genuineData, pythonPeer } from '../peers.ts'

const PEER = { implicit: '0.7.3', numpy: '2.4.6', scipy: '1.17.1' }
const SCRIPT = fileURLToPath(new URL('list_peer.py', import.meta.url))
const SEEDS = [1, 2, 3, 4, 5]
const K = 10

interface DataSet {
  readonly id: string
  readonly folder: string
  readonly file: string
  readonly separator: string
  readonly header: number
  /** Least rating that counts. */
  readonly least: number
  readonly params: Readonly<Record<string, number>>
  readonly peers: readonly (readonly string[])[]
}

export const qualityOnLastfm = quality({
  id: 'T6-lastfm',
  folder: 'hetrec2011-lastfm-2k',
  file: 'user_artists.dat',
  separator: '\t',
  header: 1,
  least: 1,
  params: { factors: 128, unobserved: 0.03, regularization: 0.02 },
  peers: [['implicit', '128', '30', '5']],
})
export const qualityOnMl100k = quality({
  id: 'T6-ml-100k',
  folder: 'ml-100k',
  file: 'u.data',
  separator: '\t',
  header: 0,
  least: 4,
  params: { factors: 64, unobserved: 0.2, regularization: 0.02 },
  peers: [
    ['implicit', '128', '30', '5'],
    ['ease', '200'],
  ],
})
export const qualityOnMlLatest = quality({
  id: 'T6-ml-latest',
  folder: 'ml-latest-small-2016',
  file: 'ratings.csv',
  separator: ',',
  header: 1,
  least: 4,
  params: { factors: 128, unobserved: 0.1, regularization: 0.02 },
  peers: [
    ['implicit', '64', '30', '5'],
    ['ease', '100'],
  ],
})

/** Items of each user by code. */
type Lists = readonly (readonly number[])[]
interface Split {
  readonly train: Lists
  readonly test: Lists
}

function quality(set: DataSet): Benchmark {
  return {
    id: set.id,
    question: `What is NDCG@10 on ${set.folder}, in the mean of five splits, against the best of ${set.peers.map(([name]) => name).join(' and ')}?`,
    work: 1,
    unit: 'NDCG@10',
    floor: 1,
    once: true,
    async prepare() {
      const { users, items } = readUsers(set)
      const python = pythonPeer(PEER)
      const splits = SEEDS.map((seed) => split(users, seed))
      const figures: Record<string, number> = {}
      const mean = (name: string, values: readonly number[]): number => {
        const result = values.reduce((sum, value) => sum + value, 0) / values.length
        figures[name] = Number(result.toFixed(4))
        return result
      }
      return {
        versions: PEER,
        ours: {
          async run() {
            const found: number[] = []
            for (const one of splits) found.push(ndcg(await ourLists(one, set.params), one.test))
            return 1 / mean('ours', found)
          },
        },
        peer: {
          async run() {
            const means = set.peers.map((peer) =>
              mean(
                peer.join(' '),
                splits.map((one) => ndcg(peerLists(python, one, items, peer), one.test)),
              ),
            )
            return 1 / Math.max(...means)
          },
        },
        figures: () => figures,
        close: async () => {},
      }
    },
  }
}

function readUsers({ folder, file, separator, header, least }: DataSet) {
  const text = readFileSync(join(genuineData(folder), file), 'latin1')
  const codeOf = new Map<string, number>()
  const users = new Map<string, number[]>()
  for (const line of text.trim().split('\n').slice(header)) {
    const [user = '', item = '', value = ''] = line.split(separator)
    if (Number(value) < least) continue
    const code = codeOf.get(item) ?? codeOf.size
    codeOf.set(item, code)
    const own = users.get(user) ?? []
    own.push(code)
    users.set(user, own)
  }
  return { users: [...users.values()], items: codeOf.size }
}

function split(users: Lists, seed: number): Split {
  const random = createRandom(seed)
  const shuffled = users.map((own) => random.shuffle([...own]))
  const held = (own: readonly number[]): number => Math.floor(own.length / 5)
  return {
    test: shuffled.map((own) => own.slice(0, held(own))),
    train: shuffled.map((own) => own.slice(held(own)).toSorted((a, b) => a - b)),
  }
}

async function ourLists({ train }: Split, params: DataSet['params']): Promise<Lists> {
  const rows = train.flatMap((own, user) => own.map((item) => [user, item] as const))
  const data = createInteractions(
    {
      user: rows.map(([user]) => String(user)),
      item: rows.map(([, item]) => String(item)),
      time: new Float64Array(rows.length),
    },
    'last',
  )
  const model = await als.fit(data, parseParams(als, { ...params }), { seed: 1 })
  return train.map((_, user) => {
    const code = model.users.codeOf(String(user))
    const known = new Set(model.knownItems(code).items)
    const list = model.user(code).recommend({ limit: K, accept: (item) => !known.has(item) })
    return list.map(({ item }) => Number(model.items.idOf(item)))
  })
}

function peerLists(
  python: string,
  { train }: Split,
  items: number,
  peer: readonly string[],
): Lists {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const start = new Int32Array(train.length + 1)
    for (const [user, own] of train.entries()) start[user + 1] = start[user]! + own.length
    writeFileSync(join(folder, 'start.i32'), start)
    writeFileSync(join(folder, 'column.i32'), Int32Array.from(train.flat()))
    execFileSync(python, [SCRIPT, folder, String(train.length), String(items), ...peer])
    const bytes = readFileSync(join(folder, 'lists.i32'))
    return train.map((_, user) =>
      Array.from({ length: K }, (__, rank) => bytes.readInt32LE(4 * (user * K + rank))),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Over users with something held back. */
function ndcg(lists: Lists, test: Lists): number {
  let [sum, users] = [0, 0]
  for (const [user, held] of test.entries()) {
    if (held.length === 0) continue
    const relevant = new Set(held)
    let [gain, ideal] = [0, 0]
    for (let rank = 0; rank < K; rank++) {
      if (relevant.has(lists[user]?.[rank] ?? -1)) gain += 1 / Math.log2(rank + 2)
      if (rank < relevant.size) ideal += 1 / Math.log2(rank + 2)
    }
    sum += gain / ideal
    users += 1
  }
  return sum / users
}
