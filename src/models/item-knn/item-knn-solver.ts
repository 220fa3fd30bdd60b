/**
 * Similarities between items: cosine of their columns of weights, shrunk where few users had both.
 *
 *   s_ij = Σ_u w_ui w_uj / (‖w_i‖ ‖w_j‖ + shrink)
 *
 * One item at a time: the users of i, then everything that they had, into one dense row. Σ_u n_u² additions, no matrix of
 * items × items.
 */
import { topK } from '../../kernels/index.ts'
import { audiencesOf } from '../interactions.ts'
import type { Pacer } from '../pacer.ts'
import type { Interactions } from '../recommender.ts'

/** Per item its most similar other items, by descending similarity. */
export interface Neighbours {
  /** items + 1. */
  readonly start: Int32Array
  readonly item: Int32Array
  readonly weight: Float64Array
}

/** One addition to a far place costs as many multiply-adds in a row. */
const SCATTER_WORK = 10

export interface KnnRule {
  readonly neighbours: number
  readonly shrink: number
}

/** ‖w_i‖ per item. */
export function columnNorms(data: Interactions, weight: Float64Array): Float64Array {
  const squares = new Float64Array(data.items.size)
  for (const [at, item] of data.item.entries()) squares[item]! += weight[at]! ** 2
  return squares.map(Math.sqrt)
}

/** `weight`: one per entry of the interactions, > 0. */
export async function findNeighbours(
  data: Interactions,
  weight: Float64Array,
  norms: Float64Array,
  rule: KnnRule,
  pacer: Pacer,
): Promise<Neighbours> {
  const items = data.items.size
  const audiences = audiencesOf(data)
  const start = new Int32Array(items + 1)
  const found: { readonly item: Int32Array; readonly weight: Float64Array }[] = []
  const sums = new Float64Array(items)
  for (let i = 0; i < items; i++) {
    const touched = addProducts(data, weight, audiences, i, sums)
    const similar = touched.filter((other) => other !== i)
    const scores = Float64Array.from(
      similar,
      (other) => sums[other]! / (norms[i]! * norms[other]! + rule.shrink),
    )
    const best = topK(scores, rule.neighbours)
    found.push({
      item: best.map((at) => similar[at]!),
      weight: Float64Array.from(best, (at) => scores[at]!),
    })
    start[i + 1] = start[i]! + best.length
    const work = SCATTER_WORK * (touched.length + audienceWork(data, audiences, i))
    for (const other of touched) sums[other] = 0
    if (pacer.due(work)) {
      pacer.progress(i / items)
      await pacer.rest()
    }
  }
  return { start, ...joined(found, start[items]!) }
}

function joined(
  rows: readonly { readonly item: Int32Array; readonly weight: Float64Array }[],
  length: number,
): { item: Int32Array; weight: Float64Array } {
  const item = new Int32Array(length)
  const weight = new Float64Array(length)
  let at = 0
  for (const row of rows) {
    item.set(row.item, at)
    weight.set(row.weight, at)
    at += row.item.length
  }
  return { item, weight }
}

type Audiences = ReturnType<typeof audiencesOf>

/** Adds w_ui w_uj to `sums[j]` for every user of i; answers every j, ascending. */
function addProducts(
  data: Interactions,
  weight: Float64Array,
  audiences: Audiences,
  i: number,
  sums: Float64Array,
): Int32Array {
  const touched: number[] = []
  for (let at = audiences.start[i]!; at < audiences.start[i + 1]!; at++) {
    const own = weight[audiences.entry[at]!]!
    const user = audiences.user[at]!
    for (let entry = data.start[user]!; entry < data.start[user + 1]!; entry++) {
      const other = data.item[entry]!
      if (sums[other] === 0) touched.push(other)
      sums[other]! += own * weight[entry]!
    }
  }
  return Int32Array.from(touched).toSorted()
}

function audienceWork(data: Interactions, audiences: Audiences, i: number): number {
  let work = 0
  for (let at = audiences.start[i]!; at < audiences.start[i + 1]!; at++) {
    const user = audiences.user[at]!
    work += data.start[user + 1]! - data.start[user]!
  }
  return work
}

/** The same, seen from the neighbour: per item j every i that has j among its neighbours, ascending i. */
export function reversed(neighbours: Neighbours): Neighbours {
  const items = neighbours.start.length - 1
  const start = new Int32Array(items + 1)
  for (const item of neighbours.item) start[item + 1]! += 1
  for (let i = 0; i < items; i++) start[i + 1]! += start[i]!
  const next = start.slice(0, -1)
  const item = new Int32Array(neighbours.item.length)
  const weight = new Float64Array(neighbours.item.length)
  for (let i = 0; i < items; i++) {
    for (let at = neighbours.start[i]!; at < neighbours.start[i + 1]!; at++) {
      const to = next[neighbours.item[at]!]!++
      item[to] = i
      weight[to] = neighbours.weight[at]!
    }
  }
  return { start, item, weight }
}
