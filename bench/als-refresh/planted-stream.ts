/**
 * A made-up stream of the size of MovieLens 20M with ratings of at least 4: users with planted tastes come in sittings, half of
 * them once, and take what is popular and to their taste. The same seed gives the same stream.
 */
import { createRandom, type Random } from '../../src/kernels/index.ts'
import type { Interactions } from '../../src/models/index.ts'
import { createIdList } from '../../src/models/id-list.ts'

export interface StreamShape {
  readonly users: number
  readonly items: number
  readonly events: number
}

/** By user. */
export interface Stream {
  readonly shape: StreamShape
  /** users + 1. */
  readonly start: Int32Array
  /** Ascending within a user. */
  readonly item: Int32Array
  /** 0 to 1. */
  readonly time: Float64Array
}

const RANK = 8
const ONCE = 0.55
/** Events of a sitting after which a user goes away. */
const SITTING = 20

export function makeStream(shape: StreamShape, seed: number): Stream {
  const random = createRandom(seed)
  const draw = (count: number): Float32Array =>
    Float32Array.from({ length: count * RANK }, () => random.gaussian() / Math.sqrt(RANK))
  const [tastes, kinds] = [draw(shape.users), draw(shape.items)]
  const popular = popularity(shape.items)
  const counts = activity(shape, random)
  const start = new Int32Array(shape.users + 1)
  for (const [user, count] of counts.entries()) start[user + 1] = start[user]! + count
  const item = new Int32Array(start.at(-1)!)
  const time = new Float64Array(item.length)
  const takenBy = new Int32Array(shape.items).fill(-1)
  for (let user = 0; user < shape.users; user++) {
    const [from, to] = [start[user]!, start[user + 1]!]
    for (let at = from; at < to; at++) {
      item[at] = pick(user, tastes, kinds, popular, takenBy, random)
      takenBy[item[at]!] = user
    }
    item.subarray(from, to).sort()
    random.shuffle(sittings(to - from, random)).forEach((moment, at) => (time[from + at] = moment))
  }
  return { shape, start, item, time }
}

/** What is popular, of that what is to the user's taste, nothing twice. */
function pick(
  user: number,
  tastes: Float32Array,
  kinds: Float32Array,
  popular: Float64Array,
  takenBy: Int32Array,
  random: Random,
): number {
  for (;;) {
    const item = search(popular, random.uniform())
    if (takenBy[item] === user) continue
    let liking = 0
    for (let f = 0; f < RANK; f++) liking += tastes[user * RANK + f]! * kinds[item * RANK + f]!
    if (random.uniform() < 1 / (1 + Math.exp(1 - 6 * liking))) return item
  }
}

/** When: one sitting, or several of about SITTING events each. */
function sittings(count: number, random: Random): number[] {
  const isOnce = random.uniform() < ONCE
  let moment = random.uniform()
  return Array.from({ length: count }, (_, at) => {
    if (!isOnce && at > 0 && at % SITTING === 0) moment += (1 - moment) * random.uniform()
    return moment
  })
}

/** Log-normal, scaled to sum to about `events`, at least 5, at most an eighth of the items. */
function activity({ users, items, events }: StreamShape, random: Random): Int32Array {
  const raw = Float64Array.from({ length: users }, () => Math.exp(1.1 * random.gaussian()))
  const scale = events / raw.reduce((sum, x) => sum + x, 0)
  const most = Math.floor(items / 8)
  return Int32Array.from(raw, (x) => Math.min(most, Math.max(5, Math.round(x * scale))))
}

/** Cumulative shares of items by rank: (rank + 50)^−1.2. */
function popularity(items: number): Float64Array {
  let sum = 0
  const cumulative = Float64Array.from({ length: items }, (_, rank) => (sum += (rank + 50) ** -1.2))
  return cumulative.map((x) => x / sum)
}

function search(cumulative: Float64Array, x: number): number {
  let [low, high] = [0, cumulative.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle]! <= x) low = middle + 1
    else high = middle
  }
  return low
}

/** Users and items that occur among the events that are kept, and those events. */
export function interactionsOf(
  { shape, start, item, time }: Stream,
  keep: (event: number) => boolean,
): Interactions {
  const users = new Int32Array(shape.users)
  const items = new Int32Array(shape.items)
  for (let user = 0; user < shape.users; user++) {
    for (let at = start[user]!; at < start[user + 1]!; at++) {
      if (!keep(at)) continue
      users[user]! += 1
      items[item[at]!]! += 1
    }
  }
  const [ofUsers, ofItems] = [codesOf(users), codesOf(items)]
  const kept = Int32Array.from(item.keys()).filter(keep)
  const begins = new Int32Array(ofUsers.ids.length + 1)
  for (const [user, count] of users.entries()) {
    const code = ofUsers.code[user]!
    if (code >= 0) begins[code + 1] = begins[code]! + count
  }
  return {
    users: createIdList(ofUsers.ids),
    items: createIdList(ofItems.ids),
    start: begins,
    item: kept.map((at) => ofItems.code[item[at]!]!),
    value: new Float32Array(kept.length).fill(1),
    time: Float64Array.from(kept, (at) => time[at]!),
  }
}

/** Codes of those that occur, −1 for the others; ids in the order of codes. */
function codesOf(counts: Int32Array): { code: Int32Array; ids: string[] } {
  const ids: string[] = []
  const code = counts.map((count, number) =>
    count === 0 ? -1 : ids.push(String(number).padStart(7, '0')) - 1,
  )
  return { code, ids }
}
