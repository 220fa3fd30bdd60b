/** What no user should be able to break: limits, ids of any kind, bombs, and unknown everything. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { START, startTrainedServer, type RecommenderServer } from './recommender-server.ts'

interface List {
  readonly source: string
  readonly items: readonly object[]
}

describe('hostile requests', () => {
  let server: RecommenderServer
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

  test.each([
    ['limit=0', 'query/limit'],
    ['limit=-1', 'query/limit'],
    ['limit=1000000000', 'query/limit'],
    ['limit=1e1', 'query/limit'],
    ['diversity=2', 'query/diversity'],
    ['includeKnown=yes', 'query/includeKnown'],
    ['howMany=3', 'query'],
    ['model=..', 'query/model'],
    ['version=0', 'query/version'],
  ])('?%s is refused and named', async (query, path) => {
    const answer = await server.call('GET', `/v1/recommendations/u4?${query}`)
    expect(answer.statusCode).toBe(422)
    expect(answer.json<{ errors: { path: string }[] }>().errors[0]?.path).toContain(path)
  })

  test('ids of any kind are ids', async () => {
    for (const id of ['a/b', '日本', '%', "'; drop", 'x'.repeat(500), '__proto__', '\u0000']) {
      const encoded = encodeURIComponent(id)
      expect((await list(`/v1/recommendations/${encoded}`)).items).toHaveLength(10)
      const known = await server.call('GET', `/v1/users/${encoded}/known-items`)
      expect(known.json()).toMatchObject({ total: 0 })
      const similar = await server.call('GET', `/v1/items/${encoded}/similar`)
      expect(similar.statusCode).toBe(404)
    }
    // Too long for a path: said there, taken in a body.
    const long = 'x'.repeat(10_000)
    expect((await server.call('GET', `/v1/recommendations/${long}`)).statusCode).toBe(414)
    expect((await ask({ user: long })).items).toHaveLength(10)
    await server.send('listens', [{ user: 'a/b', item: 'c/d ?#ü', plays: 1, at: START }])
    const known = await server.call('GET', `/v1/users/${encodeURIComponent('a/b')}/known-items`)
    expect(known.json()).toMatchObject({ items: [{ item: 'c/d ?#ü' }] })
    const item = await server.call('GET', `/v1/items/${encodeURIComponent('c/d ?#ü')}`)
    expect(item.json()).toMatchObject({ users: 1 })
  })

  test('expressions that are bombs, and cursors that are none, are refused', async () => {
    const bombs = [
      '('.repeat(1_000),
      `${'not '.repeat(400)}true`,
      `a${' + a'.repeat(400)}`,
      `x in [${'1,'.repeat(900)}1]`,
      "'unclosed",
      'year ; 1',
      '__proto__.x',
    ]
    for (const filter of bombs) {
      const answer = await server.call('POST', '/v1/recommendations', { user: 'u4', filter })
      expect([400, 422], filter.slice(0, 20)).toContain(answer.statusCode)
    }
    for (const cursor of ['x', 'AQ==', '../../etc', 'AQAB'.repeat(4_000)]) {
      const answer = await server.call('POST', '/v1/recommendations', { user: 'u4', cursor })
      expect(answer.statusCode, cursor.slice(0, 20)).toBe(422)
    }
    expect((await ask({ user: 'u4', filter: 'constructor != null' })).items).toHaveLength(0)
  })

  test('unknown everything is said, never a 500', async () => {
    const statusOf = async (method: 'GET' | 'POST', url: string, body?: unknown): Promise<number> =>
      (await server.call(method, url, body)).statusCode
    expect(await statusOf('GET', '/v1/recommendations/u4?model=nope')).toBe(404)
    expect(await statusOf('GET', '/v1/recommendations/u4?version=99')).toBe(404)
    expect(await statusOf('GET', '/v1/recommendations/u4/because/nope')).toBe(404)
    expect(await statusOf('GET', '/v1/items/nope/users')).toBe(404)
    expect(await statusOf('GET', '/v1/items/nope')).toBe(404)
    expect(await statusOf('POST', '/v1/recommendations', {})).toBe(422)
    expect(await statusOf('POST', '/v1/recommendations', { user: 'a', users: ['b'] })).toBe(422)
    expect(await statusOf('POST', '/v1/models/music/predict', [{ user: 'a' }])).toBe(409)
    expect((await ask({ users: ['x', 'y'] })).source).toBe('trending')
    expect((await ask({ context: [{ item: 'nope' }] })).source).toBe('trending')
  })
})
