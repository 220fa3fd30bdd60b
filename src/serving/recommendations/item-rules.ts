/** Which items a list may hold, and why not. One object for one request. */
import type { Cell } from '../../core/index.ts'
import type { InteractionStore } from '../../features/index.ts'
import { readCursor, wasShown } from './cursor.ts'
import { createBudget, evaluate, isTrue, type Attributes } from './expression.ts'
import { parseExpression } from './expression-parser.ts'
import type { ListRules, Scenario } from './recommendations.ts'
import type { Known } from './scorer.ts'

export interface ItemRules {
  /** Names of the rules that the request has, for the trace. */
  readonly names: readonly string[]
  /** The rule that keeps an item out; undefined for one that may be in. */
  refuses(item: string): string | undefined
  /** The score after the boost. */
  boosted(item: string, score: number): number
  readonly hasBoost: boolean
  readonly shown: ReadonlySet<string>
}

/** `known`: items that the user has. Throws SERVING_INVALID_EXPRESSION, SERVING_INVALID_CURSOR. */
export function createItemRules(
  store: InteractionStore,
  rules: ListRules,
  known: Known,
  scenario: Scenario = {},
): ItemRules {
  const shown = readCursor(rules.cursor)
  const excluded = new Set(rules.exclude ?? [])
  const allowed = rules.allow && new Set(rules.allow)
  const filters = [scenario.filter, rules.filter].flatMap((text) =>
    text === undefined ? [] : [parseExpression(text, 'filter')],
  )
  const boostText = rules.boost ?? scenario.boost
  const boost = boostText === undefined ? undefined : parseExpression(boostText, 'boost')
  const budget = createBudget()
  const leavesOutKnown = rules.includeKnown !== true
  return {
    names: [
      ...(leavesOutKnown ? ['known'] : []),
      ...(excluded.size > 0 ? ['exclude'] : []),
      ...(allowed ? ['allow'] : []),
      ...(rules.scenario === undefined ? [] : [`scenario ${rules.scenario}`]),
      ...(filters.length > 0 ? ['filter'] : []),
      ...(boost ? ['boost'] : []),
      ...(shown.size > 0 ? ['earlier-page'] : []),
    ],
    refuses(item) {
      if (leavesOutKnown && known.has(item)) return 'known'
      if (excluded.has(item)) return 'exclude'
      if (allowed && !allowed.has(item)) return 'allow'
      if (wasShown(shown, item)) return 'earlier-page'
      if (store.catalog.get(item)?.attributes['hidden'] === true) return 'hidden'
      if (filters.length === 0) return undefined
      const attributes = attributesOf(store, item)
      for (const filter of filters) {
        budget.spend(filter.nodes)
        if (!isTrue(filter, attributes)) return 'filter'
      }
      return undefined
    },
    boosted(item, score) {
      if (!boost) return score
      budget.spend(boost.nodes)
      const factor = evaluate(boost, attributesOf(store, item))
      if (typeof factor !== 'number' || factor < 0) return score
      return score + (factor - 1) * Math.abs(score)
    },
    hasBoost: boost !== undefined,
    shown,
  }
}

/** Facts of an item that are not in its catalogue entry. */
const OWN: Readonly<
  Record<string, (store: InteractionStore, item: string) => number | string | null>
> = {
  _item: (_, item) => item,
  _users: (store, item) => store.interactions.facts(item)?.users ?? 0,
  _first: (store, item) => store.interactions.facts(item)?.first ?? null,
  _last: (store, item) => store.interactions.facts(item)?.last ?? null,
}

function attributesOf(store: InteractionStore, item: string): Attributes {
  const attributes = store.catalog.get(item)?.attributes
  return (name) => {
    const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined
    if (own) return own(store, item)
    return attributes && Object.hasOwn(attributes, name) ? asValue(attributes[name]) : null
  }
}

const asValue = (cell: Cell | undefined): number | string | boolean | null =>
  typeof cell === 'bigint' ? String(cell) : (cell ?? null)
