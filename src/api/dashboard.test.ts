import { afterAll, beforeAll, expect, test } from 'vitest'
import { ndjson, ratings, startSmallServer, type SmallServer } from './small-app.fixture.ts'

let small: SmallServer
beforeAll(async () => {
  small = await startSmallServer()
}, 60_000)
afterAll(() => small.stop())

test('S3.1: the dashboard is there, whole, and loads nothing from elsewhere', async () => {
  const page = await small.call('GET', '/ui')
  expect(page.statusCode).toBe(200)
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(page.headers['content-security-policy']).toContain("default-src 'self'")
  const parts = [...page.payload.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => part)
  expect(parts.length).toBeGreaterThan(4)
  for (const part of parts) {
    expect(part.startsWith('/'), `${part} is on this server`).toBe(true)
    expect((await small.call('GET', part)).statusCode, part).toBe(200)
  }
  for (const part of parts.filter((part) => part.startsWith('/ui/'))) {
    expect((await small.call('GET', part)).payload).not.toMatch(
      /https?:\/\/(?!www\.w3\.org\/2000\/svg)/,
    )
  }
})

test('a browser at / is led to it, a program gets the index', async () => {
  const headers = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }
  const browser = await small.call('GET', '/', undefined, headers)
  expect([browser.statusCode, browser.headers['location']]).toEqual([302, '/ui'])
  const program = await small.call('GET', '/', undefined, { accept: '*/*' })
  expect(program.json()).toMatchObject({ ui: '/ui', docs: '/docs' })
})

test('what it shows is in the answer that it asks for', async () => {
  const headers = { 'content-type': 'application/x-ndjson' }
  await small.call('POST', '/v1/topics/ratings/events', ndjson(ratings(30)), headers)
  const { topics, models } = (await small.call('GET', '/v1/status')).json<{
    topics: { name: string; end: number }[]
    models: { name: string; live: null; waiting: string }[]
  }>()
  expect(topics.find(({ name }) => name === 'ratings')?.end).toBe(30)
  expect(models.find(({ name }) => name === 'like')).toMatchObject({
    live: null,
    waiting: expect.stringContaining('like needs') as string,
  })
})
