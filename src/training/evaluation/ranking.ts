/**
 * Metrics of lists. Per user of the test rows: the k best of all items but those of the training rows, against the test
 * items; then the mean over users. Definitions of `performance.md` 1c of the project's reference:
 *
 *   precision@k   hits / k
 *   recall@k      hits / min(k, relevant)
 *   ndcg@k        Σ 1/log₂(rank + 1) over hits / the same for a perfect list
 *   coverage@k    distinct items in all lists / items of the catalogue
 */
import type { FittedRecommender, History, Interactions } from '../../models/index.ts'
import { historyOf } from '../../models/index.ts'

export const RANKING_K = 10

export type RankingMetric = 'ndcg@10' | 'precision@10' | 'recall@10' | 'coverage@10'

/**
 * `train`: what the lists may be made from, and never repeat. `test`: what should be in them. A user without training rows
 * or without a test item of which the training rows know nothing new is left out. Undefined when no user is left.
 */
export function rankingMetrics(
  model: FittedRecommender,
  train: Interactions,
  test: Interactions,
): (Record<RankingMetric, number> & { readonly users: number }) | undefined {
  const shown = new Set<number>()
  const sums = { ndcg: 0, precision: 0, recall: 0 }
  let users = 0
  for (let u = 0; u < test.users.size; u++) {
    const own = train.users.codeOf(test.users.idOf(u))
    if (own < 0) continue
    const history = historyOf(train, own)
    const known = new Set(Array.from(history.items, (item) => train.items.idOf(item)))
    const wanted = historyOf(test, u).items
    const relevant = new Set(
      Array.from(wanted, (item) => test.items.idOf(item)).filter((id) => !known.has(id)),
    )
    if (relevant.size === 0) continue
    users += 1
    const list = listOf(model, translated(history, train, model), known)
    for (const item of list) shown.add(item)
    addUp(
      sums,
      list.map((item) => relevant.has(model.items.idOf(item))),
      relevant.size,
    )
  }
  if (users === 0) return undefined
  return {
    users,
    'ndcg@10': sums.ndcg / users,
    'precision@10': sums.precision / users,
    'recall@10': sums.recall / users,
    'coverage@10': shown.size / model.items.size,
  }
}

/** A history in the codes of another model; items that it does not know are left out. */
export function translated(
  history: History,
  from: Pick<Interactions, 'items'>,
  to: Pick<Interactions, 'items'>,
): History {
  if (from.items === to.items) return history
  const entries = Array.from(history.items, (item, at) => ({
    item: to.items.codeOf(from.items.idOf(item)),
    at,
  }))
    .filter(({ item }) => item >= 0)
    .toSorted((a, b) => a.item - b.item)
  return {
    items: Int32Array.from(entries, ({ item }) => item),
    values: Float32Array.from(entries, ({ at }) => history.values[at]!),
    times: Float64Array.from(entries, ({ at }) => history.times[at]!),
  }
}

function listOf(model: FittedRecommender, history: History, known: ReadonlySet<string>): number[] {
  const codes = new Set(Array.from(known, (id) => model.items.codeOf(id)))
  return model
    .foldIn(history)
    .recommend({ limit: RANKING_K, accept: (item) => !codes.has(item) })
    .map(({ item }) => item)
}

function addUp(
  sums: { ndcg: number; precision: number; recall: number },
  hits: readonly boolean[],
  relevant: number,
): void {
  const best = Math.min(RANKING_K, relevant)
  const found = hits.filter(Boolean).length
  const gain = hits.reduce((sum, isHit, at) => sum + (isHit ? discount(at) : 0), 0)
  let ideal = 0
  for (let at = 0; at < best; at++) ideal += discount(at)
  sums.ndcg += gain / ideal
  sums.precision += found / RANKING_K
  sums.recall += found / best
}

const discount = (at: number): number => 1 / Math.log2(at + 2)
