/** Every route of the recommender that reads answers what its schema says, nothing more. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { routes } from '../../src/api/routes.ts'
import { itemName, startTrainedServer, type RecommenderServer } from './recommender-server.ts'

const READS = {
  'items/get-item': `/v1/items/${itemName(1)}`,
  'items/list-items': '/v1/items?limit=5',
  'items/list-item-users': `/v1/items/${itemName(1)}/users`,
  'items/list-similar-items': `/v1/items/${itemName(1)}/similar`,
  'items/list-popular-items': '/v1/items/popular',
  'items/list-trending-items': '/v1/items/trending',
  'items/list-newest-items': '/v1/items/newest',
  'items/list-representative-items': '/v1/items/representative?trace=true',
  'users/list-users': '/v1/users?limit=5',
  'users/get-user': '/v1/users/u1',
  'users/list-neighbors': '/v1/users/u1/neighbors',
  'users/list-surprising-items': '/v1/users/u1/surprising',
  'models/list-impressions': '/v1/models/music/impressions',
  'users/list-known-items': '/v1/users/u1/known-items',
  'users/list-active-users': '/v1/users/active',
  'models/get-freshness': '/v1/models/music/freshness',
  'recommendations/get-because': `/v1/recommendations/u1/because/${itemName(3)}`,
  'recommendations/get-recommendations': '/v1/recommendations/u1?trace=true',
} as const satisfies Partial<Record<keyof typeof routes, string>>

let server: RecommenderServer
beforeAll(async () => {
  server = await startTrainedServer()
}, 60_000)
afterAll(() => server.stop())

test.each(Object.entries(READS) as [keyof typeof READS, string][])('%s', async (id, url) => {
  const response = await server.call('GET', url)
  expect(response.statusCode, response.payload).toBe(200)
  const { answer } = routes[id]
  expect(answer.parse(response.json())).toEqual(response.json())
})

test('no route is left out', () => {
  const reads = Object.entries(routes).flatMap(([id, { method, tag }]) =>
    method === 'GET' && ['items', 'recommendations'].includes(tag) ? [id] : [],
  )
  expect(reads.filter((id) => !(id in READS))).toEqual([])
})
