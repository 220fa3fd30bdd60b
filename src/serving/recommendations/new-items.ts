/**
 * Items that came after a version was trained. Each is folded in from those who have it: users whom the version knows with
 * what it learned of them, others with their own history. Some are folded at each look, those that changed most first, so
 * that a flood of new items never holds up an answer; the others keep what they had.
 */
import type { FittedRecommender, FoldedItem, Taste } from '../../models/index.ts'
import type { InteractionTable } from '../../features/index.ts'

export interface NewItem {
  readonly id: string
  readonly folded: FoldedItem
  /** ‖y‖ of its factors: no score of it is above ‖x‖ ‖y‖. Undefined in kinds without factors. */
  readonly length: number | undefined
}

export interface NewItems {
  /** How many there are, folded or not. */
  readonly count: number
  /** Those that are folded, after folding some more. Longest first, so that who looks may stop. */
  look(nowMs: number): readonly NewItem[]
}

/** Folded at one look. */
const AT_A_LOOK = 4
/** Newest listeners of an item that take part; an item with more of them is due for a training. */
const MOST_LISTENERS = 200

export function createNewItems(
  fitted: FittedRecommender,
  table: InteractionTable,
  tasteOf: (user: string, nowMs: number) => Taste,
): NewItems {
  /** Items of the table are looked through once: their list only grows. */
  let checked = 0
  const ids: string[] = []
  const folded = new Map<string, NewItem & { readonly changes: number }>()
  /** What the last look found, and at which revision of the table nothing was left to fold; −1: something was. */
  let ready: readonly NewItem[] = []
  let readyAt = -1
  const collect = (): void => {
    for (; checked < table.items.length; checked++) {
      const id = table.items[checked]!
      if (fitted.items.codeOf(id) < 0) ids.push(id)
    }
  }
  const fold = (id: string, nowMs: number): void => {
    const audience = table.audience(id).slice(0, MOST_LISTENERS)
    const listeners = audience.map(({ id: user, value, time }) => {
      const code = fitted.users.codeOf(user)
      return { taste: code < 0 ? tasteOf(user, nowMs) : fitted.user(code), value, time }
    })
    const item = fitted.foldInItem(listeners)
    const length = item.factors && lengthOf(item.factors)
    folded.set(id, { id, folded: item, length, changes: table.itemChanges(id) })
  }
  return {
    get count() {
      collect()
      return ids.length
    },
    look(nowMs) {
      if (readyAt === table.revision) return ready
      collect()
      const behind = ids
        .map((id) => ({ id, by: table.itemChanges(id) - (folded.get(id)?.changes ?? 0) }))
        .filter(({ by }) => by > 0)
        .toSorted((a, b) => b.by - a.by)
      for (const { id } of behind.slice(0, AT_A_LOOK)) fold(id, nowMs)
      ready = [...folded.values()]
        .filter(({ id }) => (table.facts(id)?.users ?? 0) > 0)
        .toSorted((a, b) => reachOf(b) - reachOf(a))
      readyAt = behind.length <= AT_A_LOOK ? table.revision : -1
      return ready
    },
  }
}

/** Two without factors are as far as each other: ∞ − ∞ is no number. */
const reachOf = ({ length }: NewItem): number => length ?? Number.MAX_VALUE

/** Euclidean. */
export const lengthOf = (factors: Float32Array): number => {
  let squares = 0
  for (const value of factors) squares += value * value
  return Math.sqrt(squares)
}
