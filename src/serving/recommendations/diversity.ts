/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): the next item is the one with the largest
 *
 *   (1 − d) · relevance − d · (largest similarity to what is already in the list)
 *
 * where relevance is the score as a share of the pool's range.
 */
export interface Diversified<Item> {
  readonly items: readonly Item[]
  /** Mean similarity of all pairs, before and after. */
  readonly similarityBefore: number
  readonly similarityAfter: number
  /** 1 − DCG of the new order / DCG of the old one, with the relevance as gain. */
  readonly ndcgLoss: number
}

/** `pool`: descending score. Answers `limit` of them. */
export function diversify<Item extends { readonly score: number }>(
  pool: readonly Item[],
  limit: number,
  diversity: number,
  similarity: (a: Item, b: Item) => number,
): Diversified<Item> {
  const top = pool.slice(0, limit)
  const high = pool[0]?.score ?? 0
  const range = high - (pool.at(-1)?.score ?? 0)
  const relevance = (item: Item): number => (range > 0 ? 1 - (high - item.score) / range : 1)
  const open = [...pool]
  const nearest = new Map<Item, number>(open.map((item) => [item, 0]))
  const chosen: Item[] = []
  while (chosen.length < limit && open.length > 0) {
    const value = (item: Item): number =>
      (1 - diversity) * relevance(item) - diversity * nearest.get(item)!
    let best = 0
    for (let at = 1; at < open.length; at++) if (value(open[at]!) > value(open[best]!)) best = at
    const [next] = open.splice(best, 1)
    if (!next) break
    chosen.push(next)
    for (const item of open) nearest.set(item, Math.max(nearest.get(item)!, similarity(item, next)))
  }
  const gain = (list: readonly Item[]): number =>
    list.reduce((sum, item, at) => sum + relevance(item) / Math.log2(at + 2), 0)
  return {
    items: chosen,
    similarityBefore: meanSimilarity(top, similarity),
    similarityAfter: meanSimilarity(chosen, similarity),
    ndcgLoss: gain(top) > 0 ? 1 - gain(chosen) / gain(top) : 0,
  }
}

function meanSimilarity<Item>(
  list: readonly Item[],
  similarity: (a: Item, b: Item) => number,
): number {
  let sum = 0
  let pairs = 0
  for (const [at, a] of list.entries()) {
    for (const b of list.slice(at + 1)) {
      sum += similarity(a, b)
      pairs += 1
    }
  }
  return pairs === 0 ? 0 : sum / pairs
}
