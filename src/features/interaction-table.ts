/**
 * Who had to do with what, in memory: one entry per pair, by user and by item. Typed arrays that double, so that a pair costs
 * about 32 bytes and nothing for the collector to walk.
 */
import { combined, type Combine } from '../core/index.ts'

/** One pair. */
export interface Interaction {
  readonly id: string
  readonly value: number
  /** When last, milliseconds since 1970. */
  readonly time: number
}

export interface UserFacts {
  /** That the user has now. */
  readonly items: number
  /** Newest event, milliseconds since 1970. */
  readonly last: number
}

export interface ItemFacts {
  /** Users who have it now. */
  readonly users: number
  /** First and last time that anyone had it, milliseconds since 1970. */
  readonly first: number
  readonly last: number
}

export class InteractionTable {
  readonly #combine: Combine
  readonly #users = new Interner()
  readonly #items = new Interner()
  readonly #rows: Row[] = []
  readonly #audiences: Audience[] = []
  #pairs = 0
  #newest = -Infinity
  #revision = 0

  constructor(combine: Combine) {
    this.#combine = combine
  }

  /** Pairs, also those that were taken back. */
  get pairs(): number {
    return this.#pairs
  }
  /** Changes with every event. */
  get revision(): number {
    return this.#revision
  }
  get users(): number {
    return this.#users.ids.length
  }
  /** In the order in which they came. */
  get userIds(): readonly string[] {
    return this.#users.ids
  }
  /** Time of the newest event, milliseconds since 1970; −Infinity before the first. */
  get newest(): number {
    return this.#newest
  }
  /** In the order in which they came; the place is the item's code here. */
  get items(): readonly string[] {
    return this.#items.ids
  }

  add(user: string, item: string, value: number, time: number): void {
    if (!Number.isFinite(value)) return
    const row = (this.#rows[this.#users.code(user)] ??= new Row())
    const code = this.#items.code(item)
    const audience = (this.#audiences[code] ??= new Audience())
    const at = row.find(code)
    this.#newest = Math.max(this.#newest, time)
    this.#revision += 1
    row.changes += 1
    audience.changes += 1
    audience.first = Math.min(audience.first, time)
    audience.last = Math.max(audience.last, time)
    if (at < 0) {
      row.push(code, value, time)
      audience.push(this.#users.code(user))
      audience.users += value > 0 ? 1 : 0
      this.#pairs += 1
      return
    }
    const before = row.values[at]!
    const after = this.#combined(before, value, row.times[at]!, time)
    audience.users += (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
    row.values[at] = after
    row.times[at] = Math.max(row.times[at]!, time)
  }

  /** `last` is by event time; of equal times the one that came later. */
  #combined(before: number, value: number, then: number, now: number): number {
    return this.#combine === 'last' && now < then ? before : combined(this.#combine, before, value)
  }

  /** What a user has, newest first; ties by item. Empty for a user never seen. */
  history(user: string): Interaction[] {
    const row = this.#rows[this.#users.find(user)]
    if (!row) return []
    const found: Interaction[] = []
    for (let at = 0; at < row.length; at++) {
      if (!(row.values[at]! > 0)) continue
      const id = this.#items.ids[row.items[at]!]!
      found.push({ id, value: row.values[at]!, time: row.times[at]! })
    }
    return found.toSorted(newestFirst)
  }

  /** Whether a user has an item, for who asks of many: the user is looked up once. Good until the next event. */
  itemsOf(user: string): { has(item: string): boolean } {
    const row = this.#rows[this.#users.find(user)]
    if (row === undefined) return { has: () => false }
    return {
      has: (item) => {
        const code = this.#items.find(item)
        return code >= 0 && row.values[row.find(code)]! > 0
      },
    }
  }

  /** How many items a user has, and the newest event; undefined for one never seen. */
  userFacts(user: string): UserFacts | undefined {
    const row = this.#rows[this.#users.find(user)]
    return row && { items: row.have(), last: row.last() }
  }

  /** Everybody else who has one of the user's `newest` newest items: how many of them, and how many items in all. */
  sharing(user: string, newest: number): { id: string; shared: number; items: number }[] {
    const own = this.#users.find(user)
    const shared = new Map<number, number>()
    for (const { id } of this.history(user).slice(0, newest)) {
      const item = this.#items.find(id)
      const { members, length } = this.#audiences[item]!
      for (const member of members.subarray(0, length)) {
        const row = this.#rows[member]!
        if (member !== own && row.values[row.find(item)]! > 0)
          shared.set(member, (shared.get(member) ?? 0) + 1)
      }
    }
    return Array.from(shared, ([member, count]) => ({
      id: this.#users.ids[member]!,
      shared: count,
      items: this.#rows[member]!.have(),
    }))
  }

  /** Changes with every event of the user; 0 for one never seen. */
  userChanges(user: string): number {
    return this.#rows[this.#users.find(user)]?.changes ?? 0
  }

  /** Who has an item, newest first; ties by user. */
  audience(item: string): Interaction[] {
    const code = this.#items.find(item)
    const audience = this.#audiences[code]
    if (!audience) return []
    const found: Interaction[] = []
    for (let i = 0; i < audience.length; i++) {
      const user = audience.members[i]!
      const row = this.#rows[user]!
      const at = row.find(code)
      if (row.values[at]! > 0)
        found.push({ id: this.#users.ids[user]!, value: row.values[at]!, time: row.times[at]! })
    }
    return found.toSorted(newestFirst)
  }

  /** Changes with every event of the item; 0 for one never seen. */
  itemChanges(item: string): number {
    return this.#audiences[this.#items.find(item)]?.changes ?? 0
  }

  facts(item: string): ItemFacts | undefined {
    return this.#audiences[this.#items.find(item)]
  }

  /** Per item code, the number of users who have it, each weighing 2^(−age / halfLife); no half-life: 1 each. */
  popularity(nowMs: number, halfLifeMs: number | undefined): Float64Array {
    const scores = new Float64Array(this.#items.ids.length)
    for (const row of this.#rows) {
      for (let at = 0; at < row.length; at++) {
        if (!(row.values[at]! > 0)) continue
        const age = nowMs - row.times[at]!
        scores[row.items[at]!]! += halfLifeMs === undefined ? 1 : 2 ** (-age / halfLifeMs)
      }
    }
    return scores
  }

  /** Users by how many items they have, most first; ties by id. */
  mostActive(limit: number): { id: string; items: number; last: number }[] {
    return this.#rows
      .map((row, user) => ({ id: this.#users.ids[user]!, items: row.have(), last: row.last() }))
      .toSorted((a, b) => b.items - a.items || (a.id < b.id ? -1 : 1))
      .slice(0, limit)
  }

  /** Every `step`-th user. */
  *sampleUsers(count: number): Generator<string> {
    const step = Math.max(1, Math.floor(this.#users.ids.length / count))
    for (let at = 0; at < this.#users.ids.length; at += step) yield this.#users.ids[at]!
  }
}

const newestFirst = (a: Interaction, b: Interaction): number =>
  b.time - a.time || (a.id < b.id ? -1 : 1)

class Interner {
  readonly ids: string[] = []
  readonly #codes = new Map<string, number>()

  code(id: string): number {
    const known = this.#codes.get(id)
    if (known !== undefined) return known
    this.#codes.set(id, this.ids.length)
    return this.ids.push(id) - 1
  }

  find(id: string): number {
    return this.#codes.get(id) ?? -1
  }
}

/** Users with more items than this get an index; for fewer a scan of one array is faster and costs nothing. */
const INDEXED_FROM = 64

class Row {
  length = 0
  changes = 0
  items = new Int32Array(4)
  values = new Float64Array(4)
  times = new Float64Array(4)
  #places: Map<number, number> | undefined

  find(item: number): number {
    if (this.#places) return this.#places.get(item) ?? -1
    for (let at = 0; at < this.length; at++) if (this.items[at] === item) return at
    return -1
  }

  push(item: number, value: number, time: number): void {
    if (this.length === this.items.length) {
      this.items = doubled(this.items, Int32Array)
      this.values = doubled(this.values, Float64Array)
      this.times = doubled(this.times, Float64Array)
    }
    this.items[this.length] = item
    this.values[this.length] = value
    this.times[this.length] = time
    this.#places?.set(item, this.length)
    this.length += 1
    if (this.length === INDEXED_FROM) {
      this.#places = new Map(
        Array.from(this.items.subarray(0, this.length), (code, at) => [code, at]),
      )
    }
  }

  have(): number {
    let count = 0
    for (let at = 0; at < this.length; at++) if (this.values[at]! > 0) count += 1
    return count
  }

  last(): number {
    let newest = -Infinity
    for (let at = 0; at < this.length; at++) newest = Math.max(newest, this.times[at]!)
    return newest
  }
}

class Audience implements ItemFacts {
  length = 0
  changes = 0
  users = 0
  first = Infinity
  last = -Infinity
  members = new Int32Array(4)

  push(user: number): void {
    if (this.length === this.members.length) this.members = doubled(this.members, Int32Array)
    this.members[this.length] = user
    this.length += 1
  }
}

function doubled<Data extends Int32Array | Float64Array>(
  data: Data,
  type: new (length: number) => Data,
): Data {
  const next = new type(data.length * 2)
  next.set(data)
  return next
}
