/** Opens the recommenders of an app: a slot of versions for each, its histories, and the answers that are made of both. */
import { quote } from '../../core/index.ts'
import { registryError } from '../../registry/index.ts'
import { servingError } from '../errors.ts'
import { createVersionCache } from '../version-cache.ts'
import { answerList, type AskedList } from './answer-list.ts'
import { becauseOf, checkHeardOf, estimatesOf, NO_HISTORY, usersOf } from './answers-about-items.ts'
import { neighborsOf, surprisingOf } from './answers-about-users.ts'
import type { Step } from './cold-start.ts'
import { createItemRules } from './item-rules.ts'
import { loadRecommender, type LoadedRecommender } from './loaded-recommender.ts'
import type {
  AskedVersion,
  BecauseAnswer,
  EstimateAnswer,
  Freshness,
  ItemAnswer,
  KnownItem,
  ListAnswer,
  ListRules,
  LiveRecommender,
  Neighbor,
  Recommendations,
  SurprisingAnswer,
  UserAnswer,
  UsersAnswer,
  Who,
} from './recommendations.ts'
import {
  knownItem,
  likeItems,
  liveOf,
  openModel,
  originOf,
  scenarioOf,
  type Load,
  type Model,
  type RecommendationsOptions,
} from './recommender-model.ts'
import { createScorer, knownTo, type Scorer } from './scorer.ts'

/** Versions beside the live ones. */
const CACHE = { versions: 8, bytes: 512 * 2 ** 20 }
const NO_MODEL = 'there is no model yet'

/** Resolves when the champions of the moment are loaded or found to be unusable. */
export async function openRecommendations(
  options: RecommendationsOptions,
): Promise<Recommendations> {
  const room = new Room(options)
  await room.settled()
  return room
}

const unknownUser = (model: string, reason: string): Error =>
  servingError(
    'SERVING_UNKNOWN_USER',
    `${reason}: send events of theirs, or leave coldStart=error out to get what stands in`,
    { details: { model } },
  )

class Room implements Recommendations {
  readonly #options: RecommendationsOptions
  readonly #models: ReadonlyMap<string, Model>
  readonly #load: Load
  readonly #unsubscribe: () => void

  constructor(options: RecommendationsOptions) {
    const { registry, clock } = options
    const cache = createVersionCache<LoadedRecommender>(CACHE)
    this.#options = options
    this.#load = (record, { store }) =>
      cache.get(`${record.model}@${record.version}`, () =>
        loadRecommender(registry, store.interactions, record, clock.now()),
      )
    this.#models = new Map(
      [...options.models].map(([name, setting]) => [
        name,
        openModel(name, setting, options, this.#load),
      ]),
    )
    this.#unsubscribe = registry.onChange((name) => this.#models.get(name)?.slot.refresh())
    for (const { slot } of this.#models.values()) slot.refresh()
  }

  get models(): readonly string[] {
    return [...this.#models.keys()]
  }

  async recommend(
    name: string,
    who: Who,
    rules: ListRules,
    asked: AskedVersion = {},
  ): Promise<ListAnswer> {
    const model = this.#find(name)
    const loaded = await this.#version(model, asked)
    const known = knownTo(who, model.store, asked.history === 'training' ? loaded : undefined)
    const reason = loaded ? NO_HISTORY : this.#noModel(name)
    const scenario = scenarioOf(model, rules.scenario)
    const items = createItemRules(model.store, rules, known, scenario)
    const scorer = loaded && this.#scorer(model, who, loaded, asked)
    if (rules.coldStart === 'error' && scorer?.isPersonal !== true) throw unknownUser(name, reason)
    const setting = { rules, items, scorer, reason, chain: model.coldStart, scenario }
    return this.#answer(model, loaded, setting, 'user' in who ? who.user : null)
  }

  async similar(
    name: string,
    items: readonly string[],
    rules: ListRules,
    asked: AskedVersion = {},
  ): Promise<ListAnswer> {
    const model = this.#find(name)
    const loaded = await this.#version(model, asked)
    for (const item of items) checkHeardOf(model.store, item)
    const codes = loaded
      ? items.map((item) => loaded.fitted.items.codeOf(item)).filter((code) => code >= 0)
      : []
    const scenario = scenarioOf(model, rules.scenario)
    const own = new Set(items)
    const setting = {
      rules,
      items: createItemRules(model.store, { ...rules, includeKnown: false }, own, scenario),
      scenario,
      scorer: loaded && codes.length > 0 ? likeItems(loaded, codes) : undefined,
      reason: loaded ? 'the model does not know this item' : NO_MODEL,
      chain: model.coldStart,
    }
    return this.#answer(model, loaded, setting, null)
  }

  async list(
    name: string,
    by: Step,
    rules: ListRules & { readonly halfLifeMs?: number },
  ): Promise<ListAnswer> {
    const model = this.#find(name)
    const { halfLifeMs, diversity = 0 } = rules
    const scenario = scenarioOf(model, rules.scenario)
    const items = createItemRules(model.store, rules, new Set(), scenario)
    // Which items are alike is the version's to say; nothing else of it takes part.
    const loaded = diversity > 0 ? await this.#version(model, {}) : undefined
    const chain = [by]
    const setting = {
      rules,
      items,
      scorer: undefined,
      reason: NO_MODEL,
      chain,
      halfLifeMs,
      scenario,
    }
    const list = this.#answer(model, loaded, setting, null)
    return list.items.length === 0 || (diversity > 0 && !loaded)
      ? list
      : { ...list, fallback: null }
  }

  async because(
    name: string,
    user: string,
    item: string,
    asked: AskedVersion = {},
  ): Promise<BecauseAnswer> {
    const model = this.#find(name)
    const loaded = await this.#needed(model, asked)
    const nowMs = this.#options.clock.monotonic()
    const reason = becauseOf(loaded, model.store, user, item, nowMs)
    return { ...originOf(model, loaded), user, item, ...reason }
  }

  async estimate(
    name: string,
    who: Who,
    items: readonly string[],
    asked: AskedVersion = {},
  ): Promise<EstimateAnswer> {
    const model = this.#find(name)
    const loaded = await this.#needed(model, asked)
    const known = knownTo(who, model.store, asked.history === 'training' ? loaded : undefined)
    const scorer = this.#scorer(model, who, loaded, asked)
    return {
      ...originOf(model, loaded),
      scoreUnit: loaded.fitted.scoreUnit,
      estimates: estimatesOf(loaded, scorer, known, items, this.#options.clock.monotonic()),
    }
  }

  async usersForItem(
    name: string,
    item: string,
    limit: number,
    asked: AskedVersion = {},
  ): Promise<UsersAnswer> {
    const model = this.#find(name)
    const loaded = await this.#needed(model, asked)
    return { ...originOf(model, loaded), item, ...usersOf(loaded, model.store, item, limit) }
  }

  async surprising(
    name: string,
    user: string,
    limit: number,
    asked: AskedVersion = {},
  ): Promise<SurprisingAnswer> {
    const model = this.#find(name)
    const loaded = await this.#needed(model, asked)
    const known = await this.knownItems(name, user)
    const nowMs = this.#options.clock.monotonic()
    return { ...originOf(model, loaded), user, ...surprisingOf(loaded, user, known, limit, nowMs) }
  }

  neighbors(name: string, user: string, limit: number): Neighbor[] {
    return neighborsOf(this.#find(name).store, user, limit)
  }

  users(name: string): readonly string[] {
    return this.#find(name).store.interactions.userIds
  }

  user(name: string, user: string): UserAnswer | undefined {
    const facts = this.#find(name).store.interactions.userFacts(user)
    return facts && { user, ...facts }
  }

  async knownItems(
    name: string,
    user: string,
    asked: AskedVersion = {},
  ): Promise<readonly KnownItem[]> {
    const model = this.#find(name)
    const { store } = model
    if (asked.history !== 'training') {
      return store.interactions.history(user).map((one) => knownItem(store, one))
    }
    const { fitted } = await this.#needed(model, asked)
    const code = fitted.users.codeOf(user)
    if (code < 0) return []
    const { items, values, times } = fitted.knownItems(code)
    return Array.from(items, (item, at) =>
      knownItem(store, { id: fitted.items.idOf(item), value: values[at]!, time: times[at]! }),
    ).toSorted((a, b) => b.time - a.time)
  }

  mostActive(name: string, limit: number): { user: string; items: number }[] {
    const { interactions } = this.#find(name).store
    return interactions.mostActive(limit).map(({ id, items }) => ({ user: id, items }))
  }

  item(name: string, item: string): ItemAnswer | undefined {
    const { interactions, catalog } = this.#find(name).store
    const facts = interactions.facts(item)
    const entry = catalog.get(item)
    if (!facts && !entry) return undefined
    return {
      item,
      attributes: entry?.attributes ?? {},
      users: facts?.users ?? 0,
      first: facts?.first ?? null,
      last: facts?.last ?? null,
    }
  }

  items(name: string): readonly string[] {
    const { interactions, catalog } = this.#find(name).store
    return [...new Set([...catalog.keys(), ...interactions.items])]
  }

  freshness(name: string): Freshness {
    const model = this.#find(name)
    const loaded = model.slot.current()
    const { interactions } = model.store
    return {
      ...originOf(model, loaded),
      lagRecords: model.store.lag(),
      users: interactions.users,
      items: interactions.items.length,
      pairs: interactions.pairs,
      newItems: loaded?.newItems.count ?? 0,
      gap: model.gap,
    }
  }

  live(): LiveRecommender[] {
    return [...this.#models.values()].flatMap(liveOf)
  }

  problems(): { model: string; problem: string }[] {
    return [...this.#models.values()].flatMap(({ name, slot }) => {
      const problem = slot.problem()
      return problem === undefined ? [] : [{ model: name, problem }]
    })
  }

  refresh(): Promise<void> {
    return this.#all(({ store }) => store.refresh())
  }

  settled(): Promise<void> {
    return this.#all(({ slot }) => slot.settled())
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    await this.#all(({ slot }) => slot.close())
  }

  async #all(run: (model: Model) => Promise<void>): Promise<void> {
    await Promise.all([...this.#models.values()].map(run))
  }

  #noModel(name: string): string {
    const waiting = this.#options.waiting(name)
    return NO_MODEL + (waiting ? ` (${name} ${waiting})` : '')
  }

  #find(name: string): Model {
    const model = this.#models.get(name)
    if (model) return model
    throw registryError(
      'REGISTRY_UNKNOWN_MODEL',
      `there is no recommender ${quote(name)}: this app declares ${this.models.join(', ') || 'none'}`,
      { details: { model: name.slice(0, 64) } },
    )
  }

  /** Undefined before the first version, if the champion is asked for. */
  async #version(
    model: Model,
    { version = 'champion' }: AskedVersion,
  ): Promise<LoadedRecommender | undefined> {
    if (version === 'champion') return model.slot.current()
    const record = this.#options.registry.version(model.name, version)
    const current = model.slot.current()
    return current?.record.version === record.version ? current : await this.#load(record, model)
  }

  async #needed(model: Model, asked: AskedVersion): Promise<LoadedRecommender> {
    const loaded = await this.#version(model, asked)
    if (loaded) return loaded
    const { name, slot } = model
    const reason = slot.problem() ?? this.#options.waiting(name) ?? 'no version is promoted yet'
    throw servingError('SERVING_NOT_READY', `model "${name}" cannot answer yet: ${reason}`, {
      details: { model: name, waiting: reason },
      retryAfterSeconds: 5,
    })
  }

  #scorer(model: Model, who: Who, loaded: LoadedRecommender, asked: AskedVersion): Scorer {
    const { store, combine } = model
    const mode = asked.history ?? 'live'
    return createScorer(who, {
      store,
      combine,
      loaded,
      mode,
      nowMs: this.#options.clock.monotonic(),
    })
  }

  #answer(
    model: Model,
    loaded: LoadedRecommender | undefined,
    asked: AskedList,
    user: string | null,
  ): ListAnswer {
    return answerList(model, loaded, asked, user, this.#options)
  }
}
