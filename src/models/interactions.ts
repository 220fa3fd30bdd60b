/** From events to one entry per pair of user and item; and back and forth between that and an artifact. */
import { combined, type Combine } from '../core/index.ts'
import { readTensor } from './artifact-reader.ts'
import { modelError } from './errors.ts'
import { createIdList, idTensors, readIds, type IdList } from './id-list.ts'
import type { Artifact, Tensor } from './model.ts'
import type { History, Interactions } from './recommender.ts'

/** Events, ascending by time; ties in the order of the log. */
export interface InteractionRows {
  /** `null`: no interaction; the row is left out. */
  readonly user: readonly (string | null)[]
  readonly item: readonly (string | null)[]
  /** Default 1 each. A row whose value is not finite is left out. */
  readonly value?: Float64Array | undefined
  /** Milliseconds since 1970. */
  readonly time: Float64Array
}

/**
 * One entry per pair, ids sorted. A pair whose combined value is 0 or less is taken back: it is no interaction.
 * `keep`: which rows take part. Two counting sorts: the cost is that of the rows, and of sorting the ids.
 */
export function createInteractions(
  rows: InteractionRows,
  combine: Combine,
  keep: (row: number) => boolean = () => true,
): Interactions {
  const pairs = combinePairs(internRows(rows, keep), combine)
  const users = rankIds(pairs.userIds, pairs.user)
  const items = rankIds(pairs.itemIds, pairs.item)
  const user = pairs.user.map((code) => users.rank[code]!)
  const item = pairs.item.map((code) => items.rank[code]!)
  const order = sortedPairs(user, users.list.size, item, items.list.size)
  const start = new Int32Array(users.list.size + 1)
  for (const u of user) start[u + 1]! += 1
  for (let u = 0; u < users.list.size; u++) start[u + 1]! += start[u]!
  return {
    users: users.list,
    items: items.list,
    start,
    item: order.map((at) => item[at]!),
    value: Float32Array.from(order, (at) => pairs.value[at]!),
    time: Float64Array.from(order, (at) => pairs.time[at]!),
  }
}

/** Entries with codes in the order of first appearance. */
interface Coded {
  readonly userIds: readonly string[]
  readonly itemIds: readonly string[]
  readonly user: Int32Array
  readonly item: Int32Array
  readonly value: Float64Array
  readonly time: Float64Array
}

function internRows(rows: InteractionRows, keep: (row: number) => boolean): Coded {
  const users = new Map<string, number>()
  const items = new Map<string, number>()
  const length = rows.user.length
  const user = new Int32Array(length)
  const item = new Int32Array(length)
  const value = new Float64Array(length)
  const time = new Float64Array(length)
  let kept = 0
  for (let row = 0; row < length; row++) {
    const [userId, itemId] = [rows.user[row], rows.item[row]]
    const amount = rows.value ? rows.value[row]! : 1
    if (typeof userId !== 'string' || typeof itemId !== 'string') continue
    if (!Number.isFinite(amount) || !keep(row)) continue
    user[kept] = codeIn(users, userId)
    item[kept] = codeIn(items, itemId)
    value[kept] = amount
    time[kept] = rows.time[row]!
    kept += 1
  }
  return {
    userIds: [...users.keys()],
    itemIds: [...items.keys()],
    user: user.subarray(0, kept),
    item: item.subarray(0, kept),
    value: value.subarray(0, kept),
    time: time.subarray(0, kept),
  }
}

function codeIn(codes: Map<string, number>, id: string): number {
  const known = codes.get(id)
  if (known !== undefined) return known
  codes.set(id, codes.size)
  return codes.size - 1
}

/** One entry per pair, those above 0 only. */
function combinePairs(rows: Coded, combine: Combine): Coded {
  const order = sortedPairs(rows.user, rows.userIds.length, rows.item, rows.itemIds.length)
  const user = new Int32Array(order.length)
  const item = new Int32Array(order.length)
  const value = new Float64Array(order.length)
  const time = new Float64Array(order.length)
  let pairs = 0
  for (let from = 0; from < order.length;) {
    const first = order[from]!
    let total = rows.value[first]!
    let newest = rows.time[first]!
    let to = from + 1
    for (; to < order.length; to++) {
      const row = order[to]!
      if (rows.user[row] !== rows.user[first] || rows.item[row] !== rows.item[first]) break
      total = combined(combine, total, rows.value[row]!)
      newest = Math.max(newest, rows.time[row]!)
    }
    from = to
    if (!(total > 0)) continue
    user[pairs] = rows.user[first]!
    item[pairs] = rows.item[first]!
    value[pairs] = total
    time[pairs] = newest
    pairs += 1
  }
  return {
    ...rows,
    user: user.subarray(0, pairs),
    item: item.subarray(0, pairs),
    value: value.subarray(0, pairs),
    time: time.subarray(0, pairs),
  }
}

/** Indices by user, then item, then as they were. */
function sortedPairs(user: Int32Array, users: number, item: Int32Array, items: number): Int32Array {
  const all = Int32Array.from(user, (_, at) => at)
  return countingSort(countingSort(all, item, items), user, users)
}

/** Stable. `keys`: by index, 0 to `bound` − 1. */
function countingSort(order: Int32Array, keys: Int32Array, bound: number): Int32Array {
  const next = new Int32Array(bound + 1)
  for (const key of keys) next[key + 1]! += 1
  for (let key = 0; key < bound; key++) next[key + 1]! += next[key]!
  const sorted = new Int32Array(order.length)
  for (const at of order) sorted[next[keys[at]!]!++] = at
  return sorted
}

/** The ids that occur, sorted, and the place of each code among them. */
function rankIds(ids: readonly string[], codes: Int32Array): { list: IdList; rank: Int32Array } {
  const isUsed = new Uint8Array(ids.length)
  for (const code of codes) isUsed[code] = 1
  const used = Int32Array.from(ids.keys()).filter((code) => isUsed[code] === 1)
  const byId = (a: number, b: number): number =>
    ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : 0
  const sorted = used.toSorted(byId)
  const rank = new Int32Array(ids.length).fill(-1)
  for (const [place, code] of sorted.entries()) rank[code] = place
  return { list: createIdList(Array.from(sorted, (code) => ids[code]!)), rank }
}

/** Throws MODEL_TOO_FEW_ROWS without an interaction, MODEL_INVALID_DATA for a value or time that cannot be used. */
export function checkInteractions(data: Interactions): void {
  if (data.item.length === 0) {
    throw modelError(
      'MODEL_TOO_FEW_ROWS',
      'there is no interaction to train on: send events that have a user and an item first',
      { details: { rows: 0 } },
    )
  }
  const bad = data.value.findIndex((value) => !(value > 0 && Number.isFinite(value)))
  if (bad >= 0) {
    throw modelError(
      'MODEL_INVALID_DATA',
      `the value of an interaction is ${data.value[bad]}: it must be above 0 and at most 3.4e38`,
    )
  }
  if (data.time.some((time) => !Number.isFinite(time))) {
    throw modelError('MODEL_INVALID_DATA', 'an interaction has no time: every event needs one')
  }
}

/** What one user did. Views, not copies. */
export function historyOf(data: Interactions, user: number): History {
  const [from, to] = [data.start[user] ?? 0, data.start[user + 1] ?? 0]
  return {
    items: data.item.subarray(from, to),
    values: data.value.subarray(from, to),
    times: data.time.subarray(from, to),
  }
}

/** Who had to do with an item: entries by item, users ascending. */
export interface Audiences {
  /** items + 1. */
  readonly start: Int32Array
  readonly user: Int32Array
  /** Where the pair is in the interactions. */
  readonly entry: Int32Array
}

export function audiencesOf(data: Interactions): Audiences {
  const start = new Int32Array(data.items.size + 1)
  for (const item of data.item) start[item + 1]! += 1
  for (let i = 0; i < data.items.size; i++) start[i + 1]! += start[i]!
  const next = start.slice(0, -1)
  const user = new Int32Array(data.item.length)
  const entry = new Int32Array(data.item.length)
  for (let u = 0; u < data.users.size; u++) {
    for (let at = data.start[u]!; at < data.start[u + 1]!; at++) {
      const to = next[data.item[at]!]!++
      user[to] = u
      entry[to] = at
    }
  }
  return { start, user, entry }
}

/** Facts of an artifact that `readInteractions` needs: put them beside the kind's own. */
export const interactionFacts = (data: Interactions): { users: number; items: number } => ({
  users: data.users.size,
  items: data.items.size,
})

/** Tensors of an artifact: `users.*`, `items.*` (`id-list.ts`), `known.start`, `known.item`, `known.value`, `known.time`. */
export function interactionTensors(data: Interactions): Record<string, Tensor> {
  const entries = [data.item.length]
  return {
    ...idTensors('users', data.users),
    ...idTensors('items', data.items),
    'known.start': { shape: [data.start.length], data: data.start },
    'known.item': { shape: entries, data: data.item },
    'known.value': { shape: entries, data: data.value },
    'known.time': { shape: entries, data: data.time },
  }
}

/** Throws MODEL_ARTIFACT_INVALID, also for codes and rows that point outside. */
export function readInteractions(
  artifact: Artifact,
  facts: { readonly users: number; readonly items: number },
): Interactions {
  const start = readTensor(artifact, 'known.start', Int32Array, [facts.users + 1])
  const entries = [start.at(-1) ?? 0]
  const item = readTensor(artifact, 'known.item', Int32Array, entries)
  const isAscending = start.every((from, u) => from >= (u === 0 ? 0 : start[u - 1]!))
  const pointsInside = item.every((code) => code >= 0 && code < facts.items)
  if (start[0] !== 0 || !isAscending || !pointsInside) {
    throw modelError(
      'MODEL_ARTIFACT_INVALID',
      `the interactions of the ${artifact.kind} artifact point outside: train the version again`,
    )
  }
  return {
    users: readIds(artifact, 'users', facts.users),
    items: readIds(artifact, 'items', facts.items),
    start,
    item,
    value: readTensor(artifact, 'known.value', Float32Array, entries),
    time: readTensor(artifact, 'known.time', Float64Array, entries),
  }
}
