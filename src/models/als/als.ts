/**
 * iALS: factors of users and items from who had to do with what, every pair without an interaction counting a little.
 * See README.md for the equation and the papers.
 */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { alsBytes, createTopN, gramOf, type FactorTable, type TopN } from '../../kernels/index.ts'
import { checkArtifact, readFacts, readTensor } from '../artifact-reader.ts'
import {
  audiencesOf,
  checkInteractions,
  historyOf,
  interactionFacts,
  interactionTensors,
  readInteractions,
} from '../interactions.ts'
import { rankScores } from '../rank-scores.ts'
import type { Artifact } from '../model.ts'
import type {
  FittedRecommender,
  FoldedItem,
  History,
  InteractionSize,
  Listener,
  RecommenderKind,
  Taste,
} from '../recommender.ts'
import { contributionsOf, foldEntries, type FoldingSide } from './als-folding.ts'
import { alsParams, type AlsParams } from './als-params.ts'
import { refreshAls, type AlsState } from './als-refresh.ts'
import { fitAls } from './als-solver.ts'

const FORMAT = 1
/** A tensor of models that were refreshed. */
const PENDING = 'pending.items'
const facts = z.strictObject({ users: z.int().min(0), items: z.int().min(0) })

/** Both sides as histories and audiences are folded against them. */
interface AlsModel extends AlsState {
  readonly params: AlsParams
}

/** Shared memory; weights and the other orientation while it is filled; ids; factors and gram matrices as they are kept. */
const memoryBytes = (
  { users, items, interactions }: InteractionSize,
  { factors }: Pick<AlsParams, 'factors'>,
): number =>
  alsBytes({
    rows: users,
    columns: items,
    entries: interactions,
    factors,
    threads: availableParallelism(),
  }) +
  interactions * 12 +
  (users + items) * (64 + factors * 4) +
  items * (factors + 8) +
  factors * factors * 16

export const als: RecommenderKind<AlsParams> = {
  name: 'als',
  task: 'recommender',
  summary:
    'Factors of users and items from implicit feedback (iALS): the best lists, also for histories just begun.',
  params: alsParams,
  baseline: 'popularity',
  isPersonal: true,
  searchSpace: {
    factors: [32, 64, 128],
    unobserved: [0.02, 0.05, 0.1, 0.2, 0.5],
    regularization: [0.005, 0.01, 0.02, 0.05],
  },
  memoryBytes,
  settingsThatFit(size, params, bytes) {
    let factors = params.factors
    while (factors > 0 && memoryBytes(size, { factors }) > bytes) factors -= 1
    return factors > 0 ? `set factors to ${factors} or less` : undefined
  },
  async fit(data, params, context) {
    checkInteractions(data)
    const factors = await fitAls(data, params, availableParallelism(), context)
    const side = (values: Float32Array, size: number): FoldingSide => {
      const table = tableOf(values, params)
      return { table, size, gram: gramOf(table).map((sum) => params.unobserved * sum) }
    }
    return recommender({
      data,
      params,
      users: side(factors.users, data.users.size),
      items: side(factors.items, data.items.size),
    })
  },
  async refresh(before, data, context) {
    checkInteractions(data)
    const model = readModel(before)
    const { params } = model
    const { solved, ...state } = await refreshAls(
      model,
      data,
      params,
      availableParallelism(),
      context,
    )
    const fitted = recommender({ ...state, params })
    return { fitted, users: solved.users.length, items: solved.items.length }
  },
  load(artifact) {
    const model = readModel(artifact)
    const { params } = model
    // What is loaded will be asked for lists: the 8-bit copy is made now, not while somebody waits for the first of them.
    return recommender(model, createTopN(model.items.table.values, params.factors))
  },
}

function readModel(artifact: Artifact): AlsModel {
  checkArtifact(artifact, als, FORMAT)
  const known = readFacts(artifact, facts)
  const params = alsParams.parse(artifact.params)
  const side = (name: 'users' | 'items'): FoldingSide => {
    const shape = [known[name], params.factors]
    return {
      table: tableOf(readTensor(artifact, `factors.${name}`, Float32Array, shape), params),
      size: known[name],
      gram: readTensor(artifact, `gram.${name}`, Float64Array, [params.factors, params.factors]),
    }
  }
  return {
    data: readInteractions(artifact, known),
    params,
    users: side('users'),
    items: side('items'),
    ...(Object.hasOwn(artifact.tensors, PENDING) && {
      pending: readTensor(artifact, PENDING, Int32Array, [known.items]),
    }),
  }
}

const tableOf = (values: Float32Array, { factors }: AlsParams): FactorTable => ({
  values,
  factors,
  stride: factors,
})

function recommender(model: AlsModel, loaded?: TopN): FittedRecommender {
  const { data, params, users, items, pending } = model
  const norms = normsOf(items.table)
  let built = loaded
  // Of a training: made when first asked for a list, which it may never be.
  const scan = (): TopN => (built ??= createTopN(items.table.values, params.factors))
  const user = (code: number): Taste =>
    tasteOf(model, scan, historyOf(data, code), rowOf(users.table, code))
  const similarity = (a: number, b: number): number => {
    const product = dot(items.table.values, a * params.factors, rowOf(items.table, b))
    return clip(product / (norms[a]! * norms[b]! || 1))
  }
  return {
    kind: als.name,
    task: 'recommender',
    users: data.users,
    items: data.items,
    scoreUnit: 'near 0 without interest, near 1 for an item like those that the user had',
    knownItems: (code) => historyOf(data, code),
    user,
    foldIn(history) {
      const entries = { column: history.items, value: history.values }
      return tasteOf(model, scan, history, Float32Array.from(foldEntries(items, entries, params)))
    },
    foldInItem: (audience) => foldItem(model, audience),
    similar(item, { limit, accept = () => true }) {
      const scores = Float64Array.from({ length: items.size }, (_, other) =>
        similarity(item, other),
      )
      return rankScores(scores, { limit, accept: (other) => other !== item && accept(other) })
    },
    similarity,
    usersForItem(item, limit) {
      const { start, user: knowing } = audiencesOf(data)
      const known = new Set(knowing.subarray(start[item], start[item + 1]))
      const scores = productsOf(users.table, rowOf(items.table, item))
      const best = rankScores(scores, { limit, accept: (code) => !known.has(code) })
      return best.map(({ item: code, score }) => ({ user: code, score }))
    },
    save: () => ({
      kind: als.name,
      task: 'recommender',
      format: FORMAT,
      params,
      facts: interactionFacts(data),
      tensors: {
        ...interactionTensors(data),
        ...sideTensors('users', users),
        ...sideTensors('items', items),
        ...(pending && { [PENDING]: { shape: [items.size], data: pending } }),
      },
    }),
  }
}

const sideTensors = (name: 'users' | 'items', { table, size, gram }: FoldingSide) => ({
  [`factors.${name}`]: { shape: [size, table.factors], data: table.values },
  [`gram.${name}`]: { shape: [table.factors, table.factors], data: gram },
})

function tasteOf(
  { params, items }: AlsModel,
  scan: () => TopN,
  history: History,
  factors: Float32Array,
): Taste {
  const score = (item: number): number => dot(items.table.values, item * params.factors, factors)
  return {
    history,
    factors,
    scores: () => productsOf(items.table, factors),
    score,
    recommend({ limit, accept }) {
      const { rows, scores } = scan().search(factors, limit, accept)
      return Array.from(rows, (item, at) => ({ item, score: scores[at]! }))
    },
    because(item) {
      const entries = { column: history.items, value: history.values }
      const contributions = contributionsOf(items, entries, params, rowOf(items.table, item))
      return { base: 0, contributions, score: score(item) }
    },
  }
}

/** The factors of an item that its audience gives it: the same equation with users and items in each other's place. */
function foldItem({ params, users, items }: AlsModel, audience: readonly Listener[]): FoldedItem {
  const d = params.factors
  const known = audience.filter(({ taste }) => taste.factors?.length === d)
  const values = new Float32Array(known.length * d)
  for (const [at, { taste }] of known.entries()) values.set(taste.factors!, at * d)
  const side: FoldingSide = { ...users, table: tableOf(values, params) }
  const entries = { column: known.map((_, at) => at), value: known.map(({ value }) => value) }
  const factors = Float32Array.from(foldEntries(side, entries, params))
  const score = (taste: Taste): number => (taste.factors ? dot(taste.factors, 0, factors) : 0)
  return {
    factors,
    score,
    because(taste) {
      const { items: column, values: value } = taste.history
      const contributions = contributionsOf(items, { column, value }, params, factors)
      return { base: 0, contributions, score: score(taste) }
    },
  }
}

const rowOf = ({ values, factors }: FactorTable, row: number): Float32Array =>
  values.subarray(row * factors, (row + 1) * factors)

function productsOf(table: FactorTable, vector: Float32Array): Float64Array {
  const products = new Float64Array(table.values.length / table.factors)
  for (let row = 0; row < products.length; row++) {
    products[row] = dot(table.values, row * table.factors, vector)
  }
  return products
}

function dot(values: Float32Array, from: number, vector: Float32Array): number {
  let sum = 0
  for (let f = 0; f < vector.length; f++) sum += values[from + f]! * vector[f]!
  return sum
}

function normsOf(table: FactorTable): Float64Array {
  const rows = table.values.length / table.factors
  return Float64Array.from({ length: rows }, (_, row) => {
    return Math.sqrt(dot(table.values, row * table.factors, rowOf(table, row)))
  })
}

const clip = (cosine: number): number => Math.max(-1, Math.min(1, cosine))
