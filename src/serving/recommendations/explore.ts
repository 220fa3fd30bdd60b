/**
 * ε-greedy exploration: each place of a list is given, with probability `share`, to any of the remaining candidates, and else
 * to the best of them. With r candidates left the item of a place was chosen there with probability
 *
 *   (1 − share) · [it is the best left] + share / r
 *
 * its propensity, by which a later estimate weighs what became of it (Horvitz and Thompson, JASA 1952).
 */
export interface Explored<Item> {
  readonly item: Item
  /** Above 0, at most 1: of this item at this place, given those before. */
  readonly propensity: number
}

/** `order`: best first. `uniform` gives numbers from 0 to below 1. Answers `limit` of them. */
export function explore<Item>(
  order: readonly Item[],
  limit: number,
  share: number,
  uniform: () => number,
): Explored<Item>[] {
  const open = [...order]
  const chosen: Explored<Item>[] = []
  while (chosen.length < limit && open.length > 0) {
    const left = open.length
    const at = uniform() < share ? Math.floor(uniform() * left) : 0
    const [item] = open.splice(at, 1)
    if (item === undefined) break
    chosen.push({ item, propensity: (at === 0 ? 1 - share : 0) + share / left })
  }
  return chosen
}
