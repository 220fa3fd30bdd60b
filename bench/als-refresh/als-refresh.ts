/**
 * T9: the newest 1 % of a stream, taken in by a refresh or by a training of everything. Lists of both are asked for a fifth of
 * each user's items, held back from both; reading the events is in neither time.
 */
import { createRandom } from '../../src/kernels/index.ts'
import {
  openRecommenderKind,
  parseParams,
  type FittedRecommender,
  type Interactions,
} from '../../src/models/index.ts'
import { rankingMetrics } from '../../src/training/evaluation/ranking.ts'
import { ML_20M } from '../als-train/matrix.ts'
import type { Benchmark } from '../benchmark.ts'
import { interactionsOf, makeStream, type Stream } from './planted-stream.ts'

const SHAPE = { users: ML_20M.rows, items: ML_20M.columns, events: ML_20M.entries }
const SHARE = 0.01
/** Largest loss of NDCG@10. */
const TOLERANCE = 0.01
/** Users whose lists are asked for. */
const ASKED = 10_000

export const refreshT9: Benchmark = {
  id: 'T9',
  question:
    'How many refreshes by the newest 1 % of events fit in one full training (64 factors, exact, 10 iterations), at the same NDCG@10?',
  work: 1,
  unit: 'versions/s',
  floor: 1 / 0.03,
  async prepare() {
    const als = await openRecommenderKind('als')
    const params = parseParams(als, { factors: 64 })
    const context = { seed: 1 }
    const stream = makeStream(SHAPE, 1)
    const isTest = heldBack(stream)
    const newest = quantile(stream.time, 1 - SHARE)
    const all = interactionsOf(stream, (at) => isTest[at] === 0)
    const old = interactionsOf(stream, (at) => isTest[at] === 0 && stream.time[at]! < newest)
    const test = askedOf(stream, isTest)
    const before = (await als.fit(old, params, context)).save()
    let retrained: FittedRecommender | undefined
    let refreshed: FittedRecommender | undefined
    let solved = { users: 0, items: 0 }
    const quality = (model: FittedRecommender | undefined): number =>
      (model && rankingMetrics(model, all, test)?.['ndcg@10']) ?? Number.NaN
    return {
      versions: {},
      ours: {
        async run() {
          const began = performance.now()
          const { fitted, users, items } = await als.refresh!(before, all, context)
          const seconds = (performance.now() - began) / 1_000
          refreshed = fitted
          solved = { users, items }
          return seconds
        },
      },
      peer: {
        async run() {
          const began = performance.now()
          retrained = await als.fit(all, params, context)
          return (performance.now() - began) / 1_000
        },
      },
      figures() {
        const [ours, theirs] = [quality(refreshed), quality(retrained)]
        if (!(ours >= (1 - TOLERANCE) * theirs))
          throw new Error(`NDCG@10 is ${ours} after the refresh, ${theirs} after the training`)
        return {
          newEvents: all.item.length - old.item.length,
          usersSolved: solved.users,
          itemsSolved: solved.items,
          ndcgRefreshed: Number(ours.toFixed(4)),
          ndcgRetrained: Number(theirs.toFixed(4)),
        }
      },
      close: async () => {},
    }
  },
}

/** A fifth of each user's items, rounded down. */
function heldBack({ shape, start }: Stream): Uint8Array {
  const random = createRandom(2)
  const isTest = new Uint8Array(start.at(-1)!)
  for (let user = 0; user < shape.users; user++) {
    const own = Array.from(
      { length: start[user + 1]! - start[user]! },
      (_, at) => start[user]! + at,
    )
    for (const at of random.shuffle(own).slice(0, Math.floor(own.length / 5))) isTest[at] = 1
  }
  return isTest
}

const quantile = (values: Float64Array, share: number): number =>
  values.toSorted()[Math.floor(share * values.length)]!

/** What was held back, of users evenly spread. */
function askedOf({ shape, start, ...rest }: Stream, isTest: Uint8Array): Interactions {
  const step = shape.users / ASKED
  const isAsked = new Uint8Array(start.at(-1)!)
  for (let asked = 0; asked < ASKED; asked++) {
    const user = Math.floor(asked * step)
    isAsked.fill(1, start[user], start[user + 1])
  }
  return interactionsOf({ shape, start, ...rest }, (at) => isTest[at] === 1 && isAsked[at] === 1)
}
