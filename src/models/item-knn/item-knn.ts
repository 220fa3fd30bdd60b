/**
 * Item-to-item nearest neighbours: an item scores by its similarity to what the user had. Nothing is learned but counts, so
 * a history is taken in by a sum, and every contribution is a similarity. See README.md.
 */
import { z } from 'zod'
import { topK } from '../../kernels/index.ts'
import { checkArtifact, readFacts, readTensor } from '../artifact-reader.ts'
import { modelError } from '../errors.ts'
import {
  checkInteractions,
  historyOf,
  interactionFacts,
  interactionTensors,
  readInteractions,
} from '../interactions.ts'
import type { Artifact } from '../model.ts'
import { createPacer } from '../pacer.ts'
import { createDenseTaste, rankScores } from '../rank-scores.ts'
import type {
  FittedRecommender,
  FoldedItem,
  History,
  Interactions,
  Listener,
  RecommenderKind,
  Taste,
} from '../recommender.ts'
import { columnNorms, findNeighbours, reversed, type Neighbours } from './item-knn-solver.ts'

const FORMAT = 1
const params = z.strictObject({
  neighbours: z.int().min(1).max(10_000).default(100).meta({
    description: 'Most similar items that an item keeps.',
    unit: 'items',
  }),
  shrink: z.number().min(0).max(1e6).default(20).meta({
    description:
      'Added to the denominator of a similarity: pairs of items with few common users count less.',
    unit: 'squared weights',
  }),
  weighting: z.enum(['binary', 'log', 'value']).default('binary').meta({
    description: 'Weight of an interaction: 1, ln(1 + value), or the value itself.',
    unit: 'name',
  }),
})
export type ItemKnnParams = z.infer<typeof params>
const facts = z.strictObject({ users: z.int().min(0), items: z.int().min(0) })

export const itemKnn: RecommenderKind<ItemKnnParams> = {
  name: 'item-knn',
  task: 'recommender',
  summary: 'Items like those that the user had: shrunk cosine between items.',
  params,
  baseline: 'popularity',
  isPersonal: true,
  searchSpace: { neighbours: [20, 50, 100, 300], shrink: [0, 20, 100] },
  // Interactions by user and by item with their weights; neighbours forward and back.
  memoryBytes: ({ users, items, interactions }, { neighbours }) =>
    interactions * (16 + 16) + (users + items) * 64 + 2 * items * Math.min(neighbours, items) * 12,
  async fit(data, chosen, context) {
    checkInteractions(data)
    const weight = Float64Array.from(data.value, (value) => weightOf(value, chosen))
    const norms = columnNorms(data, weight)
    if (!norms.every(Number.isFinite)) {
      throw modelError(
        'MODEL_INVALID_DATA',
        'the values of the interactions are too large to be squared: set weighting to log or binary',
      )
    }
    const pacer = createPacer(context)
    return recommender(
      data,
      chosen,
      norms,
      await findNeighbours(data, weight, norms, chosen, pacer),
    )
  },
  load(artifact) {
    checkArtifact(artifact, itemKnn, FORMAT)
    const known = readFacts(artifact, facts)
    const norms = readTensor(artifact, 'norms', Float64Array, [known.items])
    return recommender(
      readInteractions(artifact, known),
      params.parse(artifact.params),
      norms,
      readNeighbours(artifact, known.items),
    )
  },
}

const weightOf = (value: number, { weighting }: ItemKnnParams): number =>
  weighting === 'binary' ? 1 : weighting === 'log' ? Math.log1p(value) : value

function readNeighbours(artifact: Artifact, items: number): Neighbours {
  const start = readTensor(artifact, 'neighbours.start', Int32Array, [items + 1])
  const length = [start.at(-1) ?? 0]
  const item = readTensor(artifact, 'neighbours.item', Int32Array, length)
  const weight = readTensor(artifact, 'neighbours.weight', Float64Array, length)
  const isAscending = start.every((from, i) => from >= (i === 0 ? 0 : start[i - 1]!))
  if (start[0] !== 0 || !isAscending || item.some((code) => code < 0 || code >= items)) {
    throw modelError(
      'MODEL_ARTIFACT_INVALID',
      'the neighbours of the item-knn artifact point outside: train the version again',
    )
  }
  return { start, item, weight }
}

function recommender(
  data: Interactions,
  chosen: ItemKnnParams,
  norms: Float64Array,
  neighbours: Neighbours,
): FittedRecommender {
  const sources = reversed(neighbours)
  const tasteOf = (history: History): Taste => {
    const weights = Float64Array.from(history.values, (value) => weightOf(value, chosen))
    return createDenseTaste({
      history,
      scores: () => addUp(history, weights, sources, data.items.size),
      because: (item) => ({ base: 0, contributions: partsOf(history, weights, sources, item) }),
    })
  }
  const user = (code: number): Taste => tasteOf(historyOf(data, code))
  return {
    kind: itemKnn.name,
    task: 'recommender',
    users: data.users,
    items: data.items,
    scoreUnit: 'sum of the similarities to the known items, each times its weight',
    knownItems: (code) => historyOf(data, code),
    user,
    foldIn: tasteOf,
    foldInItem: (audience) => foldItem(audience, chosen, norms),
    similar(item, { limit, accept = () => true }) {
      const scores = new Float64Array(data.items.size)
      for (let at = neighbours.start[item]!; at < neighbours.start[item + 1]!; at++)
        scores[neighbours.item[at]!] = neighbours.weight[at]!
      return rankScores(scores, { limit, accept: (other) => other !== item && accept(other) })
    },
    similarity: (a, b) =>
      a === b ? 1 : Math.max(weightIn(sources, a, b), weightIn(sources, b, a)),
    usersForItem(item, limit) {
      const scores = Float64Array.from({ length: data.users.size }, (_, code) => {
        const history = historyOf(data, code)
        if (history.items.includes(item)) return Number.NaN
        const weights = Float64Array.from(history.values, (value) => weightOf(value, chosen))
        return partsOf(history, weights, sources, item).reduce((sum, part) => sum + part, 0)
      })
      return rankScores(scores, { limit }).map(({ item: code, score }) => ({ user: code, score }))
    },
    save: () => ({
      kind: itemKnn.name,
      task: 'recommender',
      format: FORMAT,
      params: chosen,
      facts: interactionFacts(data),
      tensors: {
        ...interactionTensors(data),
        norms: { shape: [norms.length], data: norms },
        'neighbours.start': { shape: [neighbours.start.length], data: neighbours.start },
        'neighbours.item': { shape: [neighbours.item.length], data: neighbours.item },
        'neighbours.weight': { shape: [neighbours.weight.length], data: neighbours.weight },
      },
    }),
  }
}

function addUp(
  history: History,
  weights: Float64Array,
  sources: Neighbours,
  items: number,
): Float64Array {
  const scores = new Float64Array(items)
  for (const [index, known] of history.items.entries()) {
    for (let at = sources.start[known]!; at < sources.start[known + 1]!; at++)
      scores[sources.item[at]!]! += weights[index]! * sources.weight[at]!
  }
  return scores
}

const partsOf = (
  history: History,
  weights: Float64Array,
  sources: Neighbours,
  item: number,
): Float64Array => weights.map((weight, i) => weight * weightIn(sources, history.items[i]!, item))

/** The similarity of `item` to its neighbour `known`, 0 when it is none. By bisection: rows ascend. */
function weightIn(sources: Neighbours, known: number, item: number): number {
  let low = sources.start[known]!
  let high = sources.start[known + 1]!
  while (low < high) {
    const middle = (low + high) >> 1
    if (sources.item[middle]! < item) low = middle + 1
    else high = middle
  }
  const isThere = low < sources.start[known + 1]! && sources.item[low] === item
  return isThere ? sources.weight[low]! : 0
}

/** The neighbours of an item that came later, from what its audience had. */
function foldItem(
  audience: readonly Listener[],
  chosen: ItemKnnParams,
  norms: Float64Array,
): FoldedItem {
  const sums = new Map<number, number>()
  let square = 0
  for (const { taste, value } of audience) {
    const own = weightOf(value, chosen)
    square += own ** 2
    for (const [index, item] of taste.history.items.entries()) {
      const weight = weightOf(taste.history.values[index]!, chosen)
      sums.set(item, (sums.get(item) ?? 0) + own * weight)
    }
  }
  const items = [...sums.keys()].toSorted((a, b) => a - b)
  const norm = Math.sqrt(square)
  const similarities = Float64Array.from(
    items,
    (item) => sums.get(item)! / (norm * norms[item]! + chosen.shrink),
  )
  const best = topK(similarities, chosen.neighbours)
  const kept = new Map(Array.from(best, (at) => [items[at]!, similarities[at]!]))
  const parts = ({ history }: Taste): Float64Array =>
    Float64Array.from(
      history.items,
      (item, i) => (kept.get(item) ?? 0) * weightOf(history.values[i]!, chosen),
    )
  const score = (taste: Taste): number => parts(taste).reduce((sum, part) => sum + part, 0)
  return {
    score,
    because: (taste) => ({ base: 0, contributions: parts(taste), score: score(taste) }),
  }
}
