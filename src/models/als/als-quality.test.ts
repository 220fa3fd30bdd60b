/**
 * Lists on genuine data: a fifth of each user's interactions held back (floor), the whole catalogue ranked without what the
 * user had. Parameters were chosen on another fifth, held back from the rest.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { createInteractions, type InteractionRows } from '../interactions.ts'
import { parseParams } from '../open-model.ts'
import type { FittedRecommender } from '../recommender.ts'
import { als } from './als.ts'

const folder = process.env['MILLRACE_TEST_DATA'] ?? ''
const K = 10

interface Pairs {
  readonly user: readonly string[]
  readonly item: readonly string[]
}

function readPairs([file, separator, header, least]: (typeof SETS)[number]['file']): Pairs {
  const lines = readFileSync(join(folder, file), 'latin1').trim().split('\n').slice(header)
  const rows = lines.map((line) => line.split(separator)).filter((row) => Number(row[2]) >= least)
  return { user: rows.map((row) => row[0]!), item: rows.map((row) => row[1]!) }
}

function groupRows(rows: Iterable<number>, user: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  for (const row of rows) {
    const own = groups.get(user[row]!) ?? []
    own.push(row)
    groups.set(user[row]!, own)
  }
  return groups
}

/** Rows of each user that are held back: the floor of a fifth, drawn. */
function heldBack({ user }: Pairs, seed: number): ReadonlySet<number> {
  const random = createRandom(seed)
  const rows = groupRows(user.keys(), user)
  const held = Array.from(rows.values(), (own) => {
    return random.shuffle([...own]).slice(0, Math.floor(own.length / 5))
  })
  return new Set(held.flat())
}

const rowsOf = ({ user, item }: Pairs): InteractionRows => ({
  user,
  item,
  time: new Float64Array(user.length),
})

/** Means of NDCG@10 and P@10 over users with something held back. */
function listQuality(model: FittedRecommender, { user, item }: Pairs, held: ReadonlySet<number>) {
  const relevantOf = groupRows(held, user)
  let [ndcg, precision] = [0, 0]
  for (const [id, rows] of relevantOf) {
    const relevant = new Set(rows.map((row) => item[row]!))
    const code = model.users.codeOf(id)
    const known = new Set(model.knownItems(code).items)
    const list = model.user(code).recommend({ limit: K, accept: (one) => !known.has(one) })
    let [gain, ideal] = [0, 0]
    for (let rank = 1; rank <= K; rank++) {
      const isHit = relevant.has(model.items.idOf(list[rank - 1]!.item))
      if (isHit) gain += 1 / Math.log2(rank + 1)
      if (rank <= relevant.size) ideal += 1 / Math.log2(rank + 1)
      precision += (isHit ? 1 : 0) / K
    }
    ndcg += gain / ideal
  }
  const users = relevantOf.size
  return { ndcg: ndcg / users, precision: precision / users, users }
}

const SETS = [
  {
    name: 'Last.fm (HetRec)',
    file: ['hetrec2011-lastfm-2k/user_artists.dat', '\t', 1, 1] as const,
    params: { factors: 128, unobserved: 0.03, regularization: 0.02 },
    users: 1_877,
    floors: { ndcg: 0.24, precision: 0.195 },
  },
  {
    name: 'ml-100k',
    file: ['ml-100k/u.data', '\t', 0, 4] as const,
    params: { factors: 64, unobserved: 0.2, regularization: 0.02 },
    users: 938,
    floors: { ndcg: 0.31, precision: 0 },
  },
  {
    name: 'ml-latest-small 2016',
    file: ['ml-latest-small-2016/ratings.csv', ',', 1, 4] as const,
    params: { factors: 128, unobserved: 0.1, regularization: 0.02 },
    users: 659,
    floors: { ndcg: 0.24, precision: 0 },
  },
]

describe.skipIf(!existsSync(join(folder, 'ml-100k', 'u.data')) || folder === '')(
  'genuine interactions (skipped without MILLRACE_TEST_DATA)',
  () => {
    test.each(SETS)(
      '$name: NDCG@10 at least $floors.ndcg, P@10 at least $floors.precision',
      async ({ file, params, users, floors }) => {
        const pairs = readPairs(file)
        const held = heldBack(pairs, 42)
        const train = createInteractions(rowsOf(pairs), 'last', (row) => !held.has(row))
        const chosen = parseParams(als, { ...params, solver: 'gradient' })
        const quality = listQuality(await als.fit(train, chosen, { seed: 1 }), pairs, held)
        expect(quality.users).toBe(users)
        expect(quality.ndcg).toBeGreaterThanOrEqual(floors.ndcg)
        expect(quality.precision).toBeGreaterThanOrEqual(floors.precision)
      },
      120_000,
    )
  },
)
