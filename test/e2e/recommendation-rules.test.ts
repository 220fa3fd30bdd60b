/**
 * What an app adds to its lists, and what becomes of them: scenarios, exploration, impressions (B12, B13), catalogue entries by
 * REST, the answers about users of B7, and what the list says of its rules (B10).
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  catalogue,
  itemName,
  plantedListens,
  START,
  startTrainedServer,
  type RecommenderServer,
} from './recommender-server.ts'

interface List {
  readonly recommendationId: string
  readonly version: number | null
  readonly source: string
  readonly fallback: string | null
  readonly items: readonly {
    readonly item: string
    readonly score: number
    readonly source: string
    readonly propensity?: number
    readonly attributes?: Readonly<Record<string, unknown>>
  }[]
  readonly trace?: {
    readonly rules: readonly string[]
    readonly removed: readonly { readonly item: string; readonly rule: string }[]
  }
}

let server: RecommenderServer
beforeAll(async () => {
  server = await startTrainedServer()
}, 60_000)
afterAll(() => server.stop())

const get = async <Answer>(url: string): Promise<Answer> => {
  const answer = await server.call('GET', url)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const ids = (list: List): string[] => list.items.map(({ item }) => item)
const isRock = (name: string): boolean => Number(name.slice(1)) % 2 === 0

test('a scenario: its filter holds besides that of the request, and the trace names it', async () => {
  const filter = encodeURIComponent('year >= 1990')
  const list = await get<List>(`/v1/recommendations/u4?scenario=jazz&filter=${filter}&trace=true`)
  expect(list.items).toHaveLength(10)
  for (const { attributes } of list.items) {
    expect(attributes).toMatchObject({ genre: 'jazz' })
    expect(Number(attributes?.['year'])).toBeGreaterThanOrEqual(1990)
  }
  expect(list.trace?.rules).toEqual(['known', 'scenario jazz', 'filter'])
  const unknown = await server.call('GET', '/v1/recommendations/u4?scenario=nope')
  expect(unknown.statusCode).toBe(422)
  expect(unknown.json()).toMatchObject({
    code: 'SERVING_UNKNOWN_SCENARIO',
    detail: expect.stringContaining('the app declares jazz, try') as unknown,
  })
})

test('B12 exploring: other items come up, each with its propensity, and the list stays full', async () => {
  const plain = await get<List>('/v1/recommendations/u4')
  expect(plain.items.every(({ propensity }) => propensity === undefined)).toBe(true)
  const seen = new Set<string>()
  for (let ask = 0; ask < 10; ask++) {
    const list = await get<List>('/v1/recommendations/u4?scenario=try')
    expect(new Set(ids(list)).size).toBe(10)
    for (const { item, propensity = 0 } of list.items) {
      expect(propensity).toBeGreaterThan(0)
      expect(propensity).toBeLessThanOrEqual(1)
      seen.add(item)
    }
  }
  expect(seen.size).toBeGreaterThan(15)
  await expect
    .poll(async () => {
      const { rows } = await server.app.query.run(
        "select count(*) from impressions where scenario = 'try' and propensity is not null",
      )
      return Number(rows[0]?.[0])
    })
    .toBe(100)
})

test('B13 an event that carries a list’s id shows up in the rate by version, position and source', async () => {
  const list = await get<List>('/v1/recommendations/u6?limit=4')
  await get<List>('/v1/recommendations/u8?limit=4')
  const clicked = list.items[1]?.item ?? ''
  const event = { user: 'u6', item: clicked, plays: 1, at: START, list: list.recommendationId }
  // Twice: one place is answered once.
  await server.send('listens', [event, event])
  const countsBy = async (by: string) => {
    const { counts } = await get<{
      counts: {
        group: Record<string, unknown>
        impressions: number
        answered: number
        rate: number
      }[]
    }>(`/v1/models/music/impressions?${by}`)
    return counts
  }
  await expect
    .poll(async () => (await countsBy('by=position')).map(({ answered }) => answered))
    .toContain(1)
  const second = (await countsBy('')).find(
    ({ group }) => group['position'] === 2 && group['source'] === 'fold-in',
  )
  expect(second).toMatchObject({ group: { version: 1 }, answered: 1 })
  expect(second?.rate).toBeCloseTo(1 / (second?.impressions ?? 0), 12)
  const byVersion = await countsBy('by=version')
  expect(byVersion.reduce((sum, { answered }) => sum + answered, 0)).toBe(1)
  const wrong = await server.call('GET', '/v1/models/music/impressions?by=colour')
  expect(wrong.statusCode).toBe(422)
})

test('B7 surprising and representative items, neighbours, all users, one user', async () => {
  const own = plantedListens()
  let [among, all] = [0, 0]
  for (let user = 0; user < 40; user += 2) {
    const surprising = await get<List>(`/v1/users/u${user}/surprising?limit=3`)
    const scores = surprising.items.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => a - b))
    const known = new Set(own.flatMap((one) => (one.user === `u${user}` ? one.item : [])))
    expect(ids(surprising).every((item) => known.has(item))).toBe(true)
    among += ids(surprising).filter((item) => !isRock(item)).length / 3
    all += [...known].filter((item) => !isRock(item)).length / known.size
  }
  // What is not of a user's taste is what surprises.
  expect(among).toBeGreaterThan(1.5 * all)
  const { neighbors } = await get<{ neighbors: { user: string; score: number; shared: number }[] }>(
    '/v1/users/u4/neighbors?limit=10',
  )
  expect(neighbors).toHaveLength(10)
  expect(neighbors.every(({ user, score }) => isRock(user) && score > 0 && score <= 1)).toBe(true)
  const representative = await get<List>('/v1/items/representative?limit=6')
  const popular = await get<List>('/v1/items/popular?limit=6')
  expect(representative).toMatchObject({ version: 1, source: 'popular' })
  const jazz = (list: List): number => ids(list).filter((item) => !isRock(item)).length
  expect(Math.abs(jazz(representative) - 3)).toBeLessThanOrEqual(Math.abs(jazz(popular) - 3))
  const users = await get<{ total: number; users: { user: string; items: number }[] }>(
    '/v1/users?limit=2&offset=1',
  )
  expect(users.total).toBe(80)
  expect(users.users.map(({ user }) => user)).toEqual(['u1', 'u2'])
  const known = new Set(plantedListens().flatMap(({ user, item }) => (user === 'u4' ? item : [])))
  expect(await get('/v1/users/u4')).toMatchObject({ user: 'u4', items: known.size })
  expect((await server.call('GET', '/v1/users/nobody')).statusCode).toBe(404)
})

test('coldStart=error: an unknown user is a 404 that says what to do', async () => {
  const answer = await server.call('GET', '/v1/recommendations/nobody?coldStart=error')
  expect(answer.statusCode).toBe(404)
  expect(answer.json()).toMatchObject({ code: 'SERVING_UNKNOWN_USER' })
  expect((await get<List>('/v1/recommendations/u4?coldStart=error')).source).toBe('fold-in')
})

test('B10 the trace of a list that is not personal says what its rules took out', async () => {
  const url = '/v1/recommendations/nobody?trace=true&limit=5'
  const [first] = ids(await get<List>(url))
  const list = await get<List>(`${url}&exclude=${first}`)
  expect(list.trace?.removed).toContainEqual({ item: first, rule: 'exclude' })
  const popular = await get<List>(`/v1/items/popular?trace=true&exclude=${itemName(0)}`)
  expect(popular.trace?.removed).toContainEqual({ item: itemName(0), rule: 'exclude' })
})

test('B5 a boost lifts items of lists that are not personal, and their order follows it', async () => {
  const boost = encodeURIComponent("if genre = 'jazz' then 1000 else 1")
  const list = await get<List>(`/v1/items/popular?limit=5&boost=${boost}`)
  expect(list.items.every(({ item }) => !isRock(item))).toBe(true)
  const scores = list.items.map(({ score }) => score)
  expect(scores).toEqual(scores.toSorted((a, b) => b - a))
})

test('B2 because of an item that came after the training accounts for its score', async () => {
  const jazz = Array.from({ length: 8 }, (_, i) => ({
    user: `u${2 * i + 1}`,
    item: 'late song',
    plays: 5,
    at: START,
  }))
  await server.send('listens', jazz)
  const list = await get<List>('/v1/recommendations/u31?limit=60&allow=late%20song')
  expect(list.items[0]).toMatchObject({ item: 'late song', source: 'new-item' })
  const reason = await get<{
    score: number
    base: number
    contributions: { contribution: number }[]
  }>('/v1/recommendations/u31/because/late%20song')
  const sum = reason.contributions.reduce(
    (all, { contribution }) => all + contribution,
    reason.base,
  )
  expect(reason.score).toBeCloseTo(list.items[0]?.score ?? 0, 6)
  expect(sum).toBeCloseTo(reason.score, 5)
})

test('catalogue entries: put, patch, hide; each acts on lists at once and is an event', async () => {
  const fresh = { title: 'Fresh', genre: 'jazz', year: 2026, tags: ['a', 'b'] }
  const put = await server.call('PUT', '/v1/items/fresh', fresh)
  expect(put.statusCode, put.body).toBe(200)
  expect(put.json()).toMatchObject({ item: 'fresh', partition: 0, offset: catalogue.length })
  await server.app.recommendations.refresh()
  expect(ids(await get<List>('/v1/items/newest?limit=1'))).toEqual(['fresh'])
  const patch = await server.call('PATCH', '/v1/items/fresh', { year: 1999, tags: null })
  expect(patch.statusCode, patch.body).toBe(200)
  await server.app.recommendations.refresh()
  const { attributes } = await get<{ attributes: Record<string, unknown> }>('/v1/items/fresh')
  expect(attributes).toMatchObject({ title: 'Fresh', year: 1999, tags: null })
  expect((await server.call('DELETE', '/v1/items/fresh')).statusCode).toBe(200)
  await server.app.recommendations.refresh()
  expect(ids(await get<List>('/v1/items/newest?limit=60'))).not.toContain('fresh')
  const wrong = await server.call('PUT', '/v1/items/fresh', { ...fresh, genre: 'polka' })
  expect(wrong.statusCode).toBe(422)
  expect(wrong.json<{ errors: { path: string }[] }>().errors[0]?.path).toContain('genre')
})
