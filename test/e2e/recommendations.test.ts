/**
 * The recommender over REST: lists, rules, pages, cold start, reasons, groups. B1, B2, B4 to B10, B12, B16 of the surface,
 * What no user should be able to break is in recommendations-hostile.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  catalogue,
  DAY,
  itemName,
  plantedListens,
  START,
  startRecommenderServer,
  startTrainedServer,
  type RecommenderServer,
} from './recommender-server.ts'

interface List {
  readonly version: number | null
  readonly source: string
  readonly fallback: string | null
  readonly items: readonly {
    readonly item: string
    readonly score: number
    readonly source: string
    readonly attributes?: Readonly<Record<string, unknown>>
  }[]
  readonly next: string | null
  readonly trace?: {
    readonly removed: readonly { readonly item: string; readonly rule: string }[]
    readonly history: { readonly items: number }
    readonly foldedAgoMs: number | null
    readonly rules: readonly string[]
    readonly diversity?: {
      readonly similarityBefore: number
      readonly similarityAfter: number
      readonly ndcgLoss: number
    }
  }
}

const ids = (list: List): string[] => list.items.map(({ item }) => item)
const isRock = (item: string): boolean => Number(item.slice(1)) % 2 === 0
const share = (list: readonly string[], test: (item: string) => boolean): number =>
  list.filter(test).length / list.length

describe('before the first event', () => {
  let server: RecommenderServer
  beforeAll(async () => {
    server = await startRecommenderServer()
  })
  afterAll(() => server.stop())

  const list = async (url: string): Promise<List> => (await server.call('GET', url)).json()

  test('B9 a project with nothing answers an empty list and says why', async () => {
    const answer = await list('/v1/recommendations/u1')
    expect(answer).toMatchObject({ version: null, source: 'none', items: [], next: null })
    expect(answer.fallback).toContain('there is no model yet (music needs 100 events, has 0)')
  })

  test('B9 items without events: ten of them, newest first', async () => {
    await server.send('items', catalogue.slice(0, 30))
    const answer = await list('/v1/recommendations/u1')
    expect(answer.source).toBe('newest')
    expect(ids(answer)).toEqual(Array.from({ length: 10 }, (_, i) => itemName(29 - i)))
  })

  test('B8, B9 events without a model: what trends, by the documented formula, burst first', async () => {
    const old = Array.from({ length: 5 }, (_, i) => ({
      user: `o${i}`,
      item: itemName(3),
      plays: 1,
      at: START,
    }))
    const burst = Array.from({ length: 3 }, (_, i) => ({
      user: `b${i}`,
      item: itemName(7),
      plays: 1,
      at: START + 30 * DAY,
    }))
    await server.send('listens', [...old, ...burst])
    const answer = await list('/v1/recommendations/stranger')
    expect(answer.source).toBe('trending')
    expect(ids(answer).slice(0, 2)).toEqual([itemName(7), itemName(3)])
    expect(answer.items).toHaveLength(10)
    const trending = await list('/v1/items/trending?halfLife=10d')
    expect(trending.items.map(({ score }) => score)).toEqual([3, 5 / 8])
    expect(ids(await list('/v1/items/popular'))).toEqual([itemName(3), itemName(7)])
    expect(ids(await list('/v1/items/newest?limit=1'))).toEqual([itemName(29)])
  })
})

describe('with a version', () => {
  let server: RecommenderServer
  const listens = plantedListens()
  beforeAll(async () => {
    server = await startTrainedServer()
  }, 60_000)
  afterAll(() => server.stop())

  const list = async (url: string): Promise<List> => {
    const answer = await server.call('GET', url)
    expect(answer.statusCode, answer.body).toBe(200)
    return answer.json()
  }
  const ask = async (body: unknown): Promise<List> => {
    const answer = await server.call('POST', '/v1/recommendations', body)
    expect(answer.statusCode, answer.body).toBe(200)
    return answer.json()
  }
  const knownOf = (user: string): Set<string> =>
    new Set(listens.filter((one) => one.user === user).map(({ item }) => item))

  test('a list: descending, nothing known, of the planted taste, with version and catalogue', async () => {
    const answer = await server.call('GET', '/v1/recommendations/u4?limit=8')
    const body: List = answer.json()
    expect(answer.headers['x-model-version']).toBe('music@1')
    expect(Number(answer.headers['x-data-as-of'])).toBe(Math.max(...listens.map(({ at }) => at)))
    expect(body).toMatchObject({ version: 1, source: 'fold-in' })
    expect(body.items).toHaveLength(8)
    const scores = body.items.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    expect(ids(body).filter((item) => knownOf('u4').has(item))).toEqual([])
    expect(share(ids(body), isRock)).toBeGreaterThan(0.7)
    expect(body.items[0]?.attributes).toMatchObject({ title: expect.any(String) })
    expect(
      ids(await list('/v1/recommendations/u4?limit=30&includeKnown=true')).some((item) =>
        knownOf('u4').has(item),
      ),
    ).toBe(true)
  })

  test('B1 similar items share the planted taste, and never are the item itself', async () => {
    const good = await Promise.all(
      catalogue.slice(0, 30).map(async ({ item }) => {
        const found = ids(await list(`/v1/items/${item}/similar?limit=5`))
        expect(found).not.toContain(item)
        return share(found, (other) => isRock(other) === isRock(item)) >= 0.8
      }),
    )
    expect(good.filter(Boolean).length / good.length).toBeGreaterThan(0.9)
  })

  test('B2 because: contributions and base sum to the score of the list', async () => {
    const [first] = (await list('/v1/recommendations/u4')).items
    const reason = (
      await server.call('GET', `/v1/recommendations/u4/because/${first?.item}`)
    ).json<{
      score: number
      base: number
      contributions: { item: string; contribution: number }[]
    }>()
    expect(reason.contributions.length).toBe(knownOf('u4').size)
    const sum = reason.contributions.reduce(
      (total, { contribution }) => total + contribution,
      reason.base,
    )
    expect(sum).toBeCloseTo(reason.score, 4)
    expect(reason.score).toBeCloseTo(first?.score ?? 0, 4)
    expect(isRock(reason.contributions[0]?.item ?? '')).toBe(true)
  })

  test('B4 a context is a user with these events, and nothing of it is kept', async () => {
    const events = [
      { item: itemName(1), value: 3 },
      { item: itemName(9), value: 5 },
      { item: itemName(15), value: 1 },
    ]
    const anonymous = await ask({ context: events, limit: 20 })
    expect(share(ids(anonymous).slice(0, 8), (item) => !isRock(item))).toBeGreaterThan(0.7)
    expect(ids(anonymous)).not.toContain(itemName(9))
    await server.send(
      'listens',
      events.map(({ item, value }) => ({ user: 'real', item, plays: value, at: START })),
    )
    const real = await list('/v1/recommendations/real?limit=20')
    expect(ids(real)).toEqual(ids(anonymous))
    for (const [at, { score }] of real.items.entries())
      expect(Math.abs(score - anonymous.items[at]!.score)).toBeLessThan(1e-5)
    const basket = await ask({
      user: 'real',
      context: [{ item: itemName(0) }, { item: itemName(2) }],
      limit: 20,
    })
    expect(ids(basket)).not.toContain(itemName(0))
    const known = (await server.call('GET', '/v1/users/real/known-items')).json<{ total: number }>()
    expect(known.total).toBe(3)
  })

  test('B5 filter and boost: every item satisfies it, and the page is full', async () => {
    const filter = encodeURIComponent("genre = 'jazz' and year >= 1990 and title contains 'song'")
    const filtered = await list(`/v1/recommendations/u4?limit=10&filter=${filter}`)
    expect(filtered.items).toHaveLength(10)
    for (const { attributes } of filtered.items) {
      expect(attributes).toMatchObject({ genre: 'jazz' })
      expect(Number(attributes?.['year'])).toBeGreaterThanOrEqual(1990)
    }
    const boosted = await ask({ user: 'u4', limit: 10, boost: "if genre = 'jazz' then 100 else 1" })
    expect(share(ids(boosted), (item) => !isRock(item))).toBeGreaterThan(0.5)
    const users = await ask({ user: 'u4', limit: 5, filter: '_users >= 10' })
    expect(users.items.length).toBeGreaterThan(0)
  })

  test('B5 a bad expression is 400 with its position', async () => {
    const answer = await server.call('POST', '/v1/recommendations', {
      user: 'u4',
      filter: 'year > ',
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'SERVING_INVALID_EXPRESSION', position: 6 })
  })

  test('B6 exclude, allow, and pages without repeats although a version is swapped in between', async () => {
    const exclude = ids(await list('/v1/recommendations/u6?limit=3'))
    const without = await list(
      `/v1/recommendations/u6?limit=3&exclude=${exclude.join('&exclude=')}`,
    )
    expect(ids(without).some((item) => exclude.includes(item))).toBe(false)
    expect(ids(await ask({ user: 'nobody', allow: [itemName(40), itemName(41)] }))).toHaveLength(2)
    const seen: string[] = []
    let cursor = ''
    for (let page = 0; page < 5; page++) {
      const answer = await list(`/v1/recommendations/u6?limit=5${cursor}`)
      seen.push(...ids(answer))
      cursor = `&cursor=${answer.next}`
      if (page === 1) expect(await server.train()).toBe(2)
    }
    expect(seen).toHaveLength(25)
    expect(new Set(seen).size).toBe(25)
    const fresh = (await server.call('GET', '/v1/models/music/freshness')).json<{ gap: object }>()
    expect(fresh.gap).toMatchObject({ from: 1, to: 2, users: expect.any(Number) })
    expect((await server.call('GET', '/metrics')).body).toContain('recommender_fold_in_gap')
  }, 30_000)

  test('B7 estimates, known items, users for an item, active users', async () => {
    const [first] = (await list('/v1/recommendations/u4')).items
    const estimates = (
      await server.call('POST', '/v1/estimates', { user: 'u4', items: [first?.item, 'nothing'] })
    ).json<{ estimates: { score: number | null; fallback: string | null }[] }>()
    expect(estimates.estimates[0]?.score).toBeCloseTo(first?.score ?? 0, 5)
    expect(estimates.estimates[1]).toMatchObject({
      score: null,
      fallback: 'the model does not know this item',
    })
    const users = (await server.call('GET', `/v1/items/${itemName(40)}/users?limit=6`)).json<{
      users: { user: string }[]
    }>()
    expect(users.users).toHaveLength(6)
    expect(
      share(
        users.users.map(({ user }) => user),
        isRock,
      ),
    ).toBeGreaterThan(0.7)
    const known = (await server.call('GET', '/v1/users/u4/known-items?limit=2&offset=1')).json<{
      total: number
      items: { time: number }[]
    }>()
    expect(known.total).toBe(knownOf('u4').size)
    expect(known.items[0]!.time).toBeGreaterThanOrEqual(known.items[1]!.time)
    const active = (await server.call('GET', '/v1/users/active?limit=3')).json<{
      users: object[]
    }>()
    expect(active.users).toHaveLength(3)
    const alike = await server.call('POST', '/v1/items/similarity', {
      items: [itemName(0), itemName(2)],
      to: [itemName(4), itemName(5)],
    })
    expect(ids(alike.json())).toEqual([itemName(4), itemName(5)])
  })

  test('B10 a trace says what was removed and by which rule', async () => {
    const { trace, version, items } = await list('/v1/recommendations/u4?trace=true&exclude=i00')
    expect(version).toBeGreaterThan(0)
    expect(items.map(({ source }) => source)).toEqual(Array(10).fill('fold-in'))
    expect(trace?.foldedAgoMs).toBeGreaterThanOrEqual(0)
    expect(trace?.rules).toEqual(['known', 'exclude'])
    expect(trace?.history.items).toBe(knownOf('u4').size)
    const rules = new Map(trace?.removed.map(({ item, rule }) => [item, rule]))
    expect([...knownOf('u4')].every((item) => item === 'i00' || rules.get(item) === 'known')).toBe(
      true,
    )
    const stranger = await list('/v1/recommendations/nobody?trace=true')
    expect(stranger.fallback).toContain('nothing that the model knows is known of this user')
    expect(stranger.source).toBe('trending')
  })

  test('B12 diversity makes a list less alike, and shows its price', async () => {
    const { trace, items } = await list('/v1/recommendations/u4?limit=10&diversity=0.5&trace=true')
    expect(items).toHaveLength(10)
    const { similarityBefore = 0, similarityAfter = 1, ndcgLoss = -1 } = trace?.diversity ?? {}
    expect(similarityAfter).toBeLessThan(0.8 * similarityBefore)
    expect(ndcgLoss).toBeGreaterThanOrEqual(0)
    expect(ndcgLoss).toBeLessThan(1)
  })

  test('B16 a group: mean and least misery', async () => {
    const mean = await ask({ users: ['u4', 'u5'], limit: 10 })
    const least = await ask({ users: ['u4', 'u5'], strategy: 'least-misery', limit: 10 })
    const both = new Set([...knownOf('u4'), ...knownOf('u5')])
    for (const answer of [mean, least]) {
      expect(answer.source).toBe('fold-in')
      expect(ids(answer).some((item) => both.has(item))).toBe(false)
    }
    expect(least.items[0]!.score).toBeLessThanOrEqual(mean.items[0]!.score)
  })

  test('S0.13: an event acts on the next list, and on the history, without a training', async () => {
    const before = await list('/v1/recommendations/fresh')
    expect(before.source).toBe('trending')
    await server.send(
      'listens',
      [1, 3, 5].map((number) => ({ user: 'fresh', item: itemName(number), plays: 9, at: START })),
    )
    const after = await list('/v1/recommendations/fresh')
    expect(after).toMatchObject({ source: 'fold-in', fallback: null })
    expect(share(ids(after), (item) => !isRock(item))).toBeGreaterThan(0.7)
    // A song that the model never saw, liked by those who like jazz.
    const jazzUsers = Array.from({ length: 12 }, (_, i) => ({
      user: `u${2 * i + 1}`,
      item: 'new song',
      plays: 9,
      at: START,
    }))
    await server.send('listens', jazzUsers)
    const scoreOf = async (user: string): Promise<number> =>
      (await list(`/v1/recommendations/${user}?limit=60&allow=new%20song`)).items.find(
        ({ source }) => source === 'new-item',
      )?.score ?? 0
    expect(await scoreOf('fresh')).toBeGreaterThan(await scoreOf('u30'))
    const hidden = { ...catalogue[7], hidden: true }
    await server.send('items', [hidden])
    expect(ids(await list('/v1/recommendations/fresh?limit=60'))).not.toContain(itemName(7))
  })
})

test('after a restart, histories, versions and lists are what they were', async () => {
  const first = await startRecommenderServer()
  await first.send('items', catalogue)
  await first.send('listens', plantedListens())
  await first.train()
  await first.send('listens', [{ user: 'u4', item: itemName(59), plays: 30, at: START + 90 * DAY }])
  const read = async (server: RecommenderServer): Promise<unknown[]> => {
    const urls = [
      '/v1/recommendations/u4?limit=20',
      '/v1/users/u4/known-items',
      '/v1/items/newest?limit=60',
    ]
    const answers = await Promise.all(urls.map((url) => server.call('GET', url)))
    return answers.map((answer) => ({ ...answer.json<object>(), recommendationId: undefined }))
  }
  const before = await read(first)
  await first.stop(true)
  const second = await startRecommenderServer({ dataDir: first.dataDir })
  expect(await read(second)).toEqual(before)
  await second.stop()
}, 60_000)
