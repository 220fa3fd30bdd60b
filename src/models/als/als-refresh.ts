/**
 * A trained model taken on to other interactions without a training: only what changed is solved for again, exactly, against
 * the factors of the other side as they are.
 *
 * 1. users whose interactions changed, against the items as they were, so that new users count for items;
 * 2. items of which enough changed since they were last solved for (`RENEWED`), against all users;
 * 3. the users of 1 again, against the items as they are now: each is that user's history folded in.
 *
 * All others keep their factors. An item that keeps them remembers how many of its interactions came or went, so that what is
 * little each time adds up to a solution in the end. The cost is that of the rows that are solved for, and one look at all
 * interactions.
 */
import { addToGram, openAls, type SparseMatrix } from '../../kernels/index.ts'
import type { IdList } from '../id-list.ts'
import type { FitContext } from '../model.ts'
import type { Interactions } from '../recommender.ts'
import type { FoldingSide } from './als-folding.ts'
import type { AlsParams } from './als-params.ts'
import { confidenceOf, confidencesOf, penaltyOf } from './als-solver.ts'

/**
 * Share of an item's interactions that came or went. An item moves by about that much of its distance from the others, and
 * those that everybody has are most of the work and move least.
 */
const RENEWED = 0.02

/** What a refresh begins with, and what it makes. */
export interface AlsState {
  readonly data: Interactions
  readonly users: FoldingSide
  readonly items: FoldingSide
  /** Per item, interactions that came or went since its factors were solved for. Undefined: none. */
  readonly pending?: Int32Array
}

interface AlsRefresh extends AlsState {
  /** Codes of what was solved for. */
  readonly solved: { readonly users: Int32Array; readonly items: Int32Array }
}

/** Throws MODEL_INVALID_DATA, KERNEL_TOO_LARGE, KERNEL_MISSING; rejects with KERNEL_THREAD_LOST. */
export async function refreshAls(
  before: AlsState,
  data: Interactions,
  params: AlsParams,
  threads: number,
  context: FitContext,
): Promise<AlsRefresh> {
  context.signal?.throwIfAborted()
  const codes = {
    users: codesIn(before.data.users, data.users),
    items: codesIn(before.data.items, data.items),
  }
  const weights = confidencesOf(data, params)
  const { users: changed, pending } = changesOf(before, data, weights, codes, params)
  const counts = countsOf(data)
  const due = codesWhere(counts.length, (item) => pending[item]! > RENEWED * counts[item]!)
  const users = movedRows(before.users, codes.users, data.users.size)
  const items = movedRows(before.items, codes.items, data.items.size)
  const solve = (matrix: SparseMatrix, from: Float32Array): Promise<Float32Array> =>
    solveRows(matrix, from, params, threads, context)
  const ofUsers = rowsOf(data, weights, changed)
  if (due.length > 0) {
    putRows(users, changed, await solve(ofUsers, items), params.factors)
    putRows(items, due, await solve(columnsOf(data, weights, due), users), params.factors)
    for (const item of due) pending[item] = 0
  }
  putRows(users, changed, await solve(ofUsers, items), params.factors)
  return {
    data,
    users: sideOf(before.users, codes.users, users, changed, params),
    items: sideOf(before.items, codes.items, items, due, params),
    ...(pending.some((count) => count > 0) && { pending }),
    solved: { users: changed, items: due },
  }
}

/** Codes of the ids of `from` in `to`, −1 for those that are not there. Both are sorted. */
function codesIn(from: IdList, to: IdList): Int32Array {
  let next = 0
  return Int32Array.from({ length: from.size }, (_, code) => {
    const id = from.idOf(code)
    while (next < to.size && to.idOf(next) < id) next += 1
    return next < to.size && to.idOf(next) === id ? next : -1
  })
}

interface Codes {
  readonly users: Int32Array
  readonly items: Int32Array
}

/** Users who have other interactions than before, and per item how many came or went since it was solved for. */
function changesOf(
  { data: old, pending: earlier }: AlsState,
  data: Interactions,
  weights: Float32Array,
  codes: Codes,
  params: AlsParams,
): { users: Int32Array; pending: Int32Array } {
  const pending = new Int32Array(data.items.size)
  earlier?.forEach((count, item) => {
    if (codes.items[item]! >= 0) pending[codes.items[item]!] = count
  })
  const oldUser = new Int32Array(data.users.size).fill(-1)
  for (const [code, now] of codes.users.entries()) if (now >= 0) oldUser[now] = code
  const count = (item: number): void => {
    if (item >= 0) pending[item]! += 1
  }
  for (const [code, now] of codes.users.entries()) {
    if (now >= 0) continue
    for (let at = old.start[code]!; at < old.start[code + 1]!; at++)
      count(codes.items[old.item[at]!]!)
  }
  const users = codesWhere(data.users.size, (user) => {
    const code = oldUser[user]!
    const now = [data.start[user]!, data.start[user + 1]!] as const
    const earlier =
      code < 0 ? ([0, 0] as const) : ([old.start[code]!, old.start[code + 1]!] as const)
    return countChanges({ old, earlier, data, weights, now, itemOf: codes.items, params }, count)
  })
  return { users, pending }
}

interface Entries {
  readonly old: Interactions
  readonly earlier: readonly [from: number, to: number]
  readonly data: Interactions
  /** Of `data`. */
  readonly weights: Float32Array
  readonly now: readonly [from: number, to: number]
  readonly itemOf: Int32Array
  readonly params: AlsParams
}

/** Calls `count` for each item that only one of the two lists has, or that weighs otherwise; whether there was one. */
function countChanges(
  { old, earlier, data, weights, now, itemOf, params }: Entries,
  count: (item: number) => void,
): boolean {
  let [a, b] = [earlier[0], now[0]]
  let isChanged = false
  while (a < earlier[1] || b < now[1]) {
    const was = a < earlier[1] ? itemOf[old.item[a]!]! : Number.POSITIVE_INFINITY
    const is = b < now[1] ? data.item[b]! : Number.POSITIVE_INFINITY
    const isSame = was === is && Math.fround(confidenceOf(old.value[a]!, params)) === weights[b]!
    if (!isSame) {
      isChanged = true
      count(Math.min(was, is))
    }
    // An item that is gone (−1) comes before all that are there.
    if (was <= is) a += 1
    if (is <= was) b += 1
  }
  return isChanged
}

function codesWhere(size: number, isOne: (code: number) => boolean): Int32Array {
  const found: number[] = []
  for (let code = 0; code < size; code++) if (isOne(code)) found.push(code)
  return Int32Array.from(found)
}

function countsOf({ item, items }: Interactions): Int32Array {
  const counts = new Int32Array(items.size)
  for (const code of item) counts[code]! += 1
  return counts
}

/** Factors at their new codes; zeros for those that are new. */
function movedRows({ table }: FoldingSide, codes: Int32Array, size: number): Float32Array {
  const { values, factors: d } = table
  const moved = new Float32Array(size * d)
  for (const [code, now] of codes.entries())
    if (now >= 0) moved.set(values.subarray(code * d, (code + 1) * d), now * d)
  return moved
}

function putRows(to: Float32Array, codes: Int32Array, rows: Float32Array, d: number): void {
  for (const [at, code] of codes.entries()) to.set(rows.subarray(at * d, (at + 1) * d), code * d)
}

/** The interactions of these users, one row each. */
function rowsOf(data: Interactions, weights: Float32Array, users: Int32Array): SparseMatrix {
  const start = new Int32Array(users.length + 1)
  for (const [at, user] of users.entries())
    start[at + 1] = start[at]! + data.start[user + 1]! - data.start[user]!
  const column = new Int32Array(start.at(-1)!)
  const value = new Float32Array(column.length)
  for (const [at, user] of users.entries()) {
    const [from, to] = [data.start[user]!, data.start[user + 1]!]
    column.set(data.item.subarray(from, to), start[at])
    value.set(weights.subarray(from, to), start[at])
  }
  return { rows: users.length, columns: data.items.size, start, column, value }
}

/** The interactions of these items, one row each: users ascending. */
function columnsOf(data: Interactions, weights: Float32Array, items: Int32Array): SparseMatrix {
  const row = new Int32Array(data.items.size).fill(-1)
  for (const [at, item] of items.entries()) row[item] = at
  const start = new Int32Array(items.length + 1)
  for (const item of data.item) if (row[item]! >= 0) start[row[item]! + 1]! += 1
  for (let at = 0; at < items.length; at++) start[at + 1]! += start[at]!
  const column = new Int32Array(start.at(-1)!)
  const value = new Float32Array(column.length)
  const next = start.slice()
  for (let user = 0; user < data.users.size; user++) {
    for (let e = data.start[user]!; e < data.start[user + 1]!; e++) {
      const own = row[data.item[e]!]!
      if (own < 0) continue
      const at = next[own]!++
      column[at] = user
      value[at] = weights[e]!
    }
  }
  return { rows: items.length, columns: data.users.size, start, column, value }
}

/** rows × factors: the exact solutions, in the basis of `from`, columns × factors. */
async function solveRows(
  matrix: SparseMatrix,
  from: Float32Array,
  params: AlsParams,
  threads: number,
  { signal }: FitContext,
): Promise<Float32Array> {
  if (matrix.rows === 0) return new Float32Array()
  const als = openAls(matrix, { factors: params.factors, threads, signal, only: 'rows' })
  try {
    als.write('columns', from)
    await als.solve({
      side: 'rows',
      gramWeight: params.unobserved,
      square: { scale: 1, shift: 0 },
      target: { scale: 1, shift: 0 },
      penalty: Float64Array.from({ length: matrix.rows }, (_, row) =>
        penaltyOf(matrix.start[row + 1]! - matrix.start[row]!, matrix.columns, params),
      ),
      method: 'cholesky',
    })
    return als.read('rows')
  } finally {
    await als.close()
  }
}

/** With the gram matrix moved on by the rows that went, changed or came. */
function sideOf(
  before: FoldingSide,
  codes: Int32Array,
  values: Float32Array,
  solved: Int32Array,
  { factors, unobserved }: AlsParams,
): FoldingSide {
  const table = { values, factors, stride: factors }
  const gram = before.gram.slice()
  const isSolved = new Uint8Array(values.length / factors)
  for (const code of solved) isSolved[code] = 1
  const left = codesWhere(codes.length, (old) => codes[old]! < 0 || isSolved[codes[old]!] === 1)
  addToGram(gram, before.table, left, -unobserved)
  addToGram(gram, table, solved, unobserved)
  return { table, size: values.length / factors, gram }
}
