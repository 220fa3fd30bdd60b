/**
 * What every kind of recommender must do, as a list of named checks free of any test runner. A check is named by the
 * guarantee of `recommender.ts` that it holds; `recommenderConformance(kind)` is called by the test of each kind.
 */
import assert from 'node:assert/strict'
import { isMillraceError, type ConformanceCheck } from '../core/index.ts'
import { createRandom } from '../kernels/index.ts'
import { decodeArtifact, encodeArtifact } from './artifact.ts'
import { createInteractions, type InteractionRows } from './interactions.ts'
import { endsInTime } from './ends-in-time.conformance.ts'
import { checkParameters } from './model.conformance.ts'
import { snapshot } from './model.conformance-data.ts'
import { parseParams } from './open-model.ts'
import type { FittedRecommender, History, Interactions, RecommenderKind } from './recommender.ts'

/** Factors are 32-bit floats: sums of some dozens of them agree to this, relative to 1 + size. */
const ROUNDING = 1e-4
/** A learned user and the same user folded in: a solver that stops early may be so far off. */
const FOLDING = 1e-3

const BOARD = 24

export function recommenderConformance(kind: RecommenderKind): ConformanceCheck[] {
  const fit = (data: Interactions, seed = 1, signal?: AbortSignal): Promise<FittedRecommender> =>
    kind.fit(data, parseParams(kind, {}), { seed, ...(signal && { signal }) })
  const check = (guarantee: string, name: string, run: () => Promise<void>): ConformanceCheck => ({
    guarantee,
    name: `${kind.name}: ${name}`,
    run,
  })
  return [
    check('N1', 'nothing that is asked with is changed', async () => {
      const data = createInteractions(randomRows(400, 1), 'sum')
      const before = snapshot(data)
      const model = await fit(data)
      answersOf(model)
      const history = longHistory(model)
      const given = snapshot(history)
      model.foldIn(history).recommend({ limit: 5 })
      assert.equal(snapshot(history), given)
      assert.equal(snapshot(data), before)
    }),
    check('N2', 'the same interactions, parameters and seed give the same bytes', async () => {
      const rows = randomRows(400, 2)
      const [first, second, moved] = [
        await fit(createInteractions(rows, 'sum'), 7),
        await fit(createInteractions(rows, 'sum'), 7),
        await fit(createInteractions(shuffledRows(rows), 'sum'), 7),
      ]
      assert.equal(digestOf(second), digestOf(first))
      assert.equal(digestOf(moved), digestOf(first))
    }),
    check('N3', 'a saved and loaded model answers the same bits', async () => {
      const model = await fit(createInteractions(randomRows(400, 3), 'sum'))
      const encoded = encodeArtifact(model.save())
      const loaded = kind.load(decodeArtifact(encoded.files))
      assert.equal(loaded.kind, kind.name)
      assert.equal(answersOf(loaded), answersOf(model))
      assert.equal(digestOf(loaded), encoded.digest)
    }),
    ...degenerateRows().map(({ name, rows }) =>
      check('N4', `${name}: finite scores or a clear error`, () => finiteOrClear(fit, rows)),
    ),
    check('N5', 'lists are exact: order, limit, accepted items only', async () => {
      checkLists(await fit(createInteractions(randomRows(600, 5), 'sum')))
    }),
    check('N6', 'one score, whoever asks for it', async () => {
      const model = await fit(createInteractions(randomRows(400, 6), 'sum'))
      const taste = model.user(0)
      const scores = taste.scores()
      for (const { item, score } of taste.recommend({ limit: model.items.size })) {
        near(score, scores[item]!, ROUNDING)
        near(taste.score(item), scores[item]!, ROUNDING)
      }
    }),
    check('N7', 'every score is the base plus the contributions of the history', async () => {
      const model = await fit(createInteractions(randomRows(400, 7), 'sum'))
      for (const taste of [model.user(0), model.foldIn(longHistory(model))]) {
        for (let item = 0; item < model.items.size; item++) {
          const { base, contributions, score } = taste.because(item)
          assert.equal(contributions.length, taste.history.items.length)
          near(score, taste.score(item), ROUNDING)
          near(
            contributions.reduce((sum, part) => sum + part, base),
            score,
            ROUNDING * (1 + contributions.reduce((sum, part) => sum + Math.abs(part), 0)),
          )
        }
      }
    }),
    check('N8', 'a user of the model is the user folded in', async () => {
      const model = await fit(createInteractions(randomRows(400, 8), 'sum'))
      for (let user = 0; user < model.users.size; user++) {
        const folded = model.foldIn(model.knownItems(user)).scores()
        for (const [item, score] of model.user(user).scores().entries())
          near(folded[item]!, score, FOLDING)
      }
    }),
    check('N9', 'an item that came later scores as its audience says', async () => {
      const model = await fit(createInteractions(board(), 'sum'))
      const even = Array.from({ length: 6 }, (_, i) =>
        model.user(model.users.codeOf(name('u', 2 * i))),
      )
      const item = model.foldInItem(even.map((taste) => ({ taste, value: 1, time: 0 })))
      const scoreOf = (user: number): number =>
        item.score(model.user(model.users.codeOf(name('u', user))))
      assert.ok([0, 1, 20, 21].every((user) => Number.isFinite(scoreOf(user))))
      assert.ok(Number.isFinite(model.foldInItem([]).score(even[0]!)))
      if (kind.isPersonal) assert.ok(scoreOf(20) > scoreOf(21), 'strangers like it as much')
      const taste = model.user(model.users.codeOf(name('u', 20)))
      const { base, contributions, score } = item.because(taste)
      const sum = contributions.reduce((total, part) => total + part, base)
      assert.equal(contributions.length, taste.history.items.length)
      assert.ok(Math.abs(sum - score) <= 1e-5 * Math.max(1, Math.abs(score)), `${sum}, ${score}`)
      assert.equal(score, item.score(taste))
    }),
    check('N10', 'a user without a history has finite scores', async () => {
      const model = await fit(createInteractions(randomRows(400, 10), 'sum'))
      const taste = model.foldIn(emptyHistory)
      assert.ok(taste.scores().every(Number.isFinite))
      assert.equal(taste.recommend({ limit: 3 }).length, 3)
      assert.equal(model.users.codeOf('nobody'), -1)
      assert.equal(model.items.codeOf('__proto__'), -1)
    }),
    ...(kind.isPersonal
      ? [check('N11', 'the pattern of a checkerboard is found', () => checkBoard(fit))]
      : []),
    check('N12', 'fit does not begin with an aborted signal', async () => {
      const reason = new Error('stopped before')
      const data = createInteractions(randomRows(50, 12), 'sum')
      await assert.rejects(fit(data, 1, AbortSignal.abort(reason)), (error) => error === reason)
    }),
    check('N12', 'fit ends within 100 ms of its signal', async () => {
      const data = createInteractions(randomRows(150_000, 13, 2_000, 3_000), 'sum')
      await endsInTime((signal) => fit(data, 1, signal))
    }),
    ...(kind.refresh
      ? [check('N13', 'a refresh learns what changed, and only that', () => checkRefresh(kind))]
      : []),
    check(
      'parameters',
      'each has default, description and unit; unknown ones are refused',
      async () => {
        checkParameters(kind)
      },
    ),
  ]
}

async function checkRefresh(kind: RecommenderKind): Promise<void> {
  const refresh = (before: FittedRecommender, data: Interactions) =>
    kind.refresh!(before.save(), data, { seed: 1 })
  const rows = randomRows(600, 14)
  const isNew = (row: number): boolean => row % 50 === 0
  const old = createInteractions(rows, 'sum', (row) => !isNew(row))
  const before = await kind.fit(old, parseParams(kind, {}), { seed: 1 })
  const given = snapshot(before.save())

  const same = await refresh(before, old)
  assert.deepEqual([same.users, same.items], [0, 0])
  assert.equal(digestOf(same.fitted), digestOf(before))

  const data = createInteractions(withNewcomer(rows), 'sum')
  const [first, second] = [await refresh(before, data), await refresh(before, data)]
  assert.equal(digestOf(second.fitted), digestOf(first.fitted))
  assert.equal(snapshot(before.save()), given)
  assert.ok(first.users > 0 && first.users < data.users.size, `${first.users} users`)
  const { fitted } = first
  assert.equal(digestOf(kind.load(fitted.save())), digestOf(fitted))
  for (const id of ['newcomer', ...usersWithMore(old, data)]) {
    const user = fitted.users.codeOf(id)
    const folded = fitted.foldIn(fitted.knownItems(user)).scores()
    for (const [item, score] of fitted.user(user).scores().entries())
      near(folded[item]!, score, FOLDING)
  }
  assert.ok(fitted.items.codeOf('novelty') >= 0)
  const scores = fitted.user(fitted.users.codeOf('newcomer')).scores()
  assert.ok(scores[fitted.items.codeOf('novelty')]! !== 0, 'a new item was not learned')

  const back = await refresh(fitted, old)
  assert.equal(back.fitted.users.codeOf('newcomer'), -1)
  assert.equal(back.fitted.items.codeOf('novelty'), -1)
}

/** With a user and an item that nobody knew. */
function withNewcomer({ user, item, value, time }: InteractionRows): InteractionRows {
  const others = user.filter((id) => id !== null).slice(0, 3)
  const more = [...others, 'newcomer', 'newcomer']
  const items = [...others.map(() => 'novelty'), 'novelty', item.find((id) => id !== null)!]
  return {
    user: [...user, ...more],
    item: [...item, ...items],
    value: Float64Array.from([...(value ?? time.map(() => 1)), ...more.map(() => 1)]),
    time: Float64Array.from([...time, ...more.map(() => time.at(-1) ?? 0)]),
  }
}

/** Users of both who had to do with more items in the second. */
function usersWithMore(before: Interactions, after: Interactions): string[] {
  const itemsOf = ({ start }: Interactions, user: number): number =>
    (start[user + 1] ?? 0) - (start[user] ?? 0)
  return Array.from({ length: before.users.size }, (_, code) => code)
    .filter((code) => {
      const now = after.users.codeOf(before.users.idOf(code))
      return now >= 0 && itemsOf(after, now) > itemsOf(before, code)
    })
    .map((code) => before.users.idOf(code))
}

const emptyHistory: History = {
  items: new Int32Array(),
  values: new Float32Array(),
  times: new Float64Array(),
}

const name = (kind: 'u' | 'i', number: number): string =>
  `${kind}${String(number).padStart(4, '0')}`

function near(actual: number, expected: number, tolerance: number): void {
  const isNear = Math.abs(actual - expected) <= tolerance * (1 + Math.abs(expected))
  assert.ok(isNear, `${actual} is not ${expected}`)
}

/** Pairs drawn with a preference for low numbers, so that popularity, neighbours and factors all see something. */
function randomRows(count: number, seed: number, users = 30, items = 40): InteractionRows {
  const random = createRandom(seed)
  const draw = (below: number): number => Math.floor(below * random.uniform() ** 2)
  return {
    user: Array.from({ length: count }, () => name('u', draw(users))),
    item: Array.from({ length: count }, () => name('i', draw(items))),
    value: Float64Array.from({ length: count }, () => 1 + random.int(5)),
    time: Float64Array.from({ length: count }, () => 1_600_000_000_000 + random.int(1_000_000_000)),
  }
}

function shuffledRows(rows: InteractionRows): InteractionRows {
  const order = createRandom(99).shuffle(Int32Array.from(rows.user, (_, row) => row))
  return {
    user: Array.from(order, (row) => rows.user[row]!),
    item: Array.from(order, (row) => rows.item[row]!),
    value: Float64Array.from(order, (row) => rows.value![row]!),
    time: Float64Array.from(order, (row) => rows.time[row]!),
  }
}

/** Users had every item of their own parity but the one of their own number. */
function board(): InteractionRows {
  const numbers = Array.from({ length: BOARD }, (_, i) => i)
  const cells = numbers.flatMap((user) =>
    numbers.filter((item) => item % 2 === user % 2 && item !== user).map((item) => [user, item]),
  )
  return {
    user: cells.map(([user]) => name('u', user!)),
    item: cells.map(([, item]) => name('i', item!)),
    time: new Float64Array(cells.length),
  }
}

async function checkBoard(fit: (data: Interactions) => Promise<FittedRecommender>): Promise<void> {
  const model = await fit(createInteractions(board(), 'sum'))
  const parity = (id: string): number => Number(id.slice(1)) % 2
  for (let user = 0; user < model.users.size; user++) {
    const known = new Set(model.knownItems(user).items)
    const [best] = model.user(user).recommend({ limit: 1, accept: (item) => !known.has(item) })
    const id = model.users.idOf(user)
    assert.equal(model.items.idOf(best!.item), name('i', Number(id.slice(1))), `the gap of ${id}`)
  }
  for (let item = 0; item < model.items.size; item++) {
    const id = model.items.idOf(item)
    const similar = model.similar(item, { limit: 5 })
    assert.ok(
      similar.every(
        (one) => one.item !== item && parity(model.items.idOf(one.item)) === parity(id),
      ),
    )
    const [first] = model.usersForItem(item, 1)
    assert.equal(
      model.users.idOf(first!.user),
      name('u', Number(id.slice(1))),
      `the user for ${id}`,
    )
  }
}

function degenerateRows(): { name: string; rows: InteractionRows }[] {
  const base = randomRows(60, 4, 6, 8)
  return [
    { name: 'no interaction', rows: { user: [], item: [], time: new Float64Array() } },
    { name: 'one interaction', rows: { user: ['a'], item: ['b'], time: new Float64Array(1) } },
    { name: 'one user', rows: { ...base, user: base.user.map(() => 'a') } },
    { name: 'one item', rows: { ...base, item: base.item.map(() => 'b') } },
    { name: 'equal times', rows: { ...base, time: new Float64Array(60) } },
    { name: 'tiny values', rows: { ...base, value: base.value!.map((value) => value * 1e-30) } },
    { name: 'huge values', rows: { ...base, value: base.value!.map((value) => value * 1e37) } },
    {
      name: 'strange ids',
      rows: {
        user: ['', '__proto__', 'a/b', 'ü'.repeat(10_000), '\u0000'],
        item: ['constructor', '', '日本', 'x'.repeat(10_000), '%2F'],
        time: new Float64Array(5),
      },
    },
  ]
}

async function finiteOrClear(
  fit: (data: Interactions) => Promise<FittedRecommender>,
  rows: InteractionRows,
): Promise<void> {
  let model: FittedRecommender
  try {
    model = await fit(createInteractions(rows, 'last'))
  } catch (error) {
    assert.ok(
      isMillraceError(error, 'MODEL_TOO_FEW_ROWS') || isMillraceError(error, 'MODEL_INVALID_DATA'),
      `unexpected error: ${String(error)}`,
    )
    return
  }
  for (let user = 0; user < model.users.size; user++) {
    assert.ok(model.user(user).scores().every(Number.isFinite), 'a score is not finite')
    assert.ok(model.user(user).because(0).contributions.every(Number.isFinite))
  }
  const similar = model.similar(0, { limit: 5 })
  assert.ok(similar.every(({ item, score }) => item !== 0 && Number.isFinite(score)))
  assert.ok(model.usersForItem(0, 5).every(({ score }) => Number.isFinite(score)))
  encodeArtifact(model.save())
}

function checkLists(model: FittedRecommender): void {
  for (let user = 0; user < model.users.size; user++) {
    const taste = model.user(user)
    const scores = taste.scores()
    const all = Array.from(scores.keys()).toSorted((a, b) => scores[b]! - scores[a]! || a - b)
    const accept = (item: number): boolean => item % 3 === user % 3
    for (const limit of [0, 1, 7, model.items.size * 2]) {
      assertList(taste.recommend({ limit }), all, limit, scores)
      assertList(taste.recommend({ limit, accept }), all.filter(accept), limit, scores)
    }
  }
  const similar = model.similar(1, { limit: 10, accept: (item) => item !== 2 })
  assert.ok(similar.every(({ item }) => item !== 1 && item !== 2))
  assert.ok(similar.every(({ score }, at) => at === 0 || score <= similar[at - 1]!.score))
  const known = model.usersForItem(1, 30)
  assert.ok(known.every(({ user }) => !model.knownItems(user).items.includes(1)))
}

/** The same scores in the same places; items with scores closer than rounding may change places. */
function assertList(
  list: readonly { readonly item: number; readonly score: number }[],
  expected: readonly number[],
  limit: number,
  scores: Float32Array | Float64Array,
): void {
  assert.equal(list.length, Math.min(limit, expected.length))
  assert.equal(new Set(list.map(({ item }) => item)).size, list.length)
  const open = new Set(expected)
  for (const [at, { item, score }] of list.entries()) {
    assert.ok(open.has(item), `item ${item} is not accepted`)
    near(score, scores[expected[at]!]!, ROUNDING)
    const before = list[at - 1]
    assert.ok(!before || before.score > score || (before.score === score && before.item < item))
  }
}

/** Items that no user of the data needs to have had together. */
function longHistory(model: FittedRecommender): History {
  const items = Int32Array.from({ length: 6 }, (_, i) => i * 3)
  assert.ok(model.items.size > 15)
  return {
    items,
    values: Float32Array.from(items, (item) => 1 + (item % 5)),
    times: Float64Array.from(items, () => 1_600_000_000_000),
  }
}

function answersOf(model: FittedRecommender): string {
  const users = Array.from({ length: model.users.size }, (_, user) => user)
  return snapshot([
    users.map((user) => model.user(user).recommend({ limit: 10 })),
    model.foldIn(longHistory(model)).scores(),
    model.user(0).because(1),
    model.similar(0, { limit: 10 }),
    model.usersForItem(0, 10),
    model.similarity(0, 1),
    model.foldInItem([{ taste: model.user(0), value: 2, time: 5 }]).score(model.user(1)),
  ])
}

const digestOf = (model: FittedRecommender): string => encodeArtifact(model.save()).digest
