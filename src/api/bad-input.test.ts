/**
 * Every route of the table with missing, wrong, huge and unknown values. The cases are derived from the routes themselves, so
 * a new route is in them from its first line. Whatever comes in, the answer is a problem document of 4xx that names the
 * place, and nothing is stored.
 */
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { AnyRoute } from './define-route.ts'
import type { Problem } from './problem.ts'
import { routes } from './routes.ts'
import { startSmallServer, type SmallServer } from './small-app.fixture.ts'

let small: SmallServer
beforeAll(async () => {
  small = await startSmallServer()
})
afterAll(() => small.stop())

/** A value of each path parameter that is well formed; those marked exist. */
const GOOD: Readonly<Record<string, string>> = {
  topic: 'ratings',
  sequence: 's',
  group: 'g',
  table: 'ratings',
  number: '1',
  view: 'user',
  model: 'like',
  version: '1',
  alias: 'champion',
  file: 'model.json',
  job: 'j',
  id: '0',
  user: '1',
}
/** Bodies that are fine, for routes that need one. */
const BODIES: Readonly<Record<string, unknown>> = {
  'topics/create-topic': { name: 'made-by-mistake' },
  'groups/reset-group': { topic: 'ratings', to: { at: 'latest' } },
  'sql/run-sql': { sql: 'select 1' },
  'models/predict-rows': { userId: 1, movieId: 1 },
  'models/promote-version': { version: 1 },
  'items/post-similarity': { items: ['1', '2'] },
  'recommendations/post-estimates': { user: '1', items: ['1'] },
  'aliases/set-alias': { version: 1 },
}
/** Names that no rule allows (after one decoding, as the router does). */
const BAD_NAMES = [
  '..%2f..%2fetc',
  '%00',
  'a%0ab',
  'a%2fb',
  '%252e%252e',
  'ü',
  'a'.repeat(300),
  '%20x',
  'a%5cb',
  '-a%3f',
]
/** Parameters that are free texts: any of them may be asked for. */
const FREE = new Set(['group', 'user', 'sequence'])

/** Parameters that are numbers. */
const NUMBERED = new Set(['number', 'id'])

const WRONG = [
  null,
  true,
  -1,
  1.5,
  Number.MAX_SAFE_INTEGER,
  1e300,
  '',
  'no such choice',
  'n'.repeat(200_000),
  [],
  {},
  [[1]],
  { nested: { deep: [1] } },
]
const WRONG_TEXTS = [
  '',
  '-1',
  '1e3',
  '0x10',
  '%2B5',
  'NaN',
  '1.5',
  '99999999999999999999',
  'x'.repeat(5000),
  '%00',
]

const url = (route: AnyRoute, params: Readonly<Record<string, string>> = {}): string =>
  route.path.replaceAll(/:(\w+)/g, (_match, name: string) => params[name] ?? GOOD[name] ?? 'x')

const shapeOf = (schema: z.ZodType | undefined): Record<string, z.ZodType> =>
  schema instanceof z.ZodObject ? schema.shape : {}

/** Whether `pattern`, with `:name` for any part, takes `path`: an item may be called "popular". */
function isTaken(path: string, pattern: string): boolean {
  const [parts, wanted] = [path.split('/'), pattern.split('/')]
  return (
    parts.length === wanted.length &&
    wanted.every((part, at) => part.startsWith(':') || part === parts[at])
  )
}

function problemOf(response: LightMyRequestResponse, statuses: readonly number[]): Problem {
  expect(statuses, response.payload.slice(0, 300)).toContain(response.statusCode)
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  const problem = response.json<Problem>()
  expect(problem).toMatchObject({ status: response.statusCode, code: expect.any(String) as string })
  expect(problem.detail.length).toBeGreaterThan(10)
  expect(response.payload).not.toMatch(/\bat .*\.[tj]s:\d+|node_modules|\/tmp\//)
  return problem
}

const paths = (problem: Problem): string[] => (problem.errors ?? []).map(({ path }) => path)

/** A query that the schema takes, for routes that need one. */
function goodQuery(route: AnyRoute): Record<string, string> {
  const query: Record<string, string> = {}
  if ('topic' in shapeOf(route.query)) query['topic'] = 'ratings'
  if ('entity' in shapeOf(route.query)) query['entity'] = '1'
  if ('asOf' in shapeOf(route.query)) query['asOf'] = '2018-11-15'
  return query
}
const withQuery = (path: string, query: Readonly<Record<string, string>>): string => {
  const text = Object.entries(query).map(([name, value]) => `${name}=${value}`)
  return text.length === 0 ? path : `${path}?${text.join('&')}`
}

describe.each(Object.entries(routes as Record<string, AnyRoute>))('%s', (id, route) => {
  const good = withQuery(url(route), goodQuery(route))
  const minimal = route.takes === 'events' ? {} : BODIES[id]

  test('an unknown query parameter is named', async () => {
    const before = await small.ends()
    const target = withQuery(url(route), { ...goodQuery(route), nonsense: '1' })
    const problem = problemOf(await small.call(route.method, target, minimal), [422])
    expect(paths(problem)).toContain('query/nonsense')
    expect(await small.ends()).toBe(before)
  })

  test('wrong values of each query parameter are named', async () => {
    for (const [name, schema] of Object.entries(shapeOf(route.query))) {
      for (const text of WRONG_TEXTS) {
        if (schema.safeParse(decodeURIComponent(text)).success) continue
        const target = withQuery(url(route), { ...goodQuery(route), [name]: text })
        const problem = problemOf(await small.call(route.method, target, minimal), [422])
        expect(paths(problem), `${name}=${text.slice(0, 20)}`).toContain(`query/${name}`)
      }
    }
  })

  test('names that no rule allows are refused, well-formed unknown ones are 404', async () => {
    const before = await small.ends()
    for (const [, name = ''] of route.path.matchAll(/:(\w+)/g)) {
      for (const bad of FREE.has(name) ? [] : BAD_NAMES) {
        const target = withQuery(url(route, { [name]: bad }), goodQuery(route))
        problemOf(await small.call(route.method, target, minimal), [400, 404, 405, 414, 422])
      }
      if (FREE.has(name) || route.body !== undefined || route.takes) continue
      if (name === 'topic' && route.path.includes('sequences')) continue
      const target = withQuery(
        url(route, { [name]: NUMBERED.has(name) ? '999' : 'unknown' }),
        goodQuery(route),
      )
      problemOf(await small.call(route.method, target), [404])
    }
    expect(await small.ends()).toBe(before)
  })

  test('another method is 405 and says which are allowed', async () => {
    const other = route.method === 'PUT' ? 'GET' : 'PUT'
    const taken = Object.values(routes as Record<string, AnyRoute>).some(
      ({ method, path }) => method === other && isTaken(route.path, path),
    )
    if (taken) return
    const response = await small.call(other, good)
    problemOf(response, [405])
    expect(response.headers['allow']).toContain(route.method)
  })

  if (route.body === undefined) return

  test('trap 20: each body field with a wrong value is named, and an unknown field too', async () => {
    const before = await small.ends()
    for (const [name, schema] of Object.entries(shapeOf(route.body))) {
      for (const value of WRONG) {
        if (schema.safeParse(value).success) continue
        const problem = problemOf(await small.call(route.method, good, { [name]: value }), [422])
        expect(paths(problem).some((path) => path.startsWith(`/${name}`))).toBe(true)
      }
      if (schema.safeParse(undefined).success) continue
      const missing = problemOf(await small.call(route.method, good, {}), [422])
      expect(paths(missing)).toContain(`/${name}`)
    }
    if (route.body instanceof z.ZodObject) {
      const problem = problemOf(await small.call(route.method, good, { nonsense: 1 }), [422])
      expect(paths(problem)).toContain('/nonsense')
    }
    expect(await small.ends()).toBe(before)
  })

  test('a body of another shape, broken, deep, doubled, foreign or huge is refused', async () => {
    const before = await small.ends()
    const type = (name: string) => ({ 'content-type': name })
    const cases: [unknown, Record<string, string>, number[]][] = [
      ['"text"', {}, [422]],
      ['7', {}, [422]],
      ['[]', {}, [422]],
      ['[[]]', {}, [422]],
      ['null', {}, route.body?.safeParse({}).success ? [200, 202] : [422]],
      ['{', {}, [400]],
      ["{'a':1}", {}, [400]],
      ['{"a":1}{"b":2}', {}, [400]],
      ['{"a":NaN}', {}, [400]],
      ['', {}, [400]],
      [Buffer.from([0x22, 0xc3, 0x28, 0x22]), {}, [400]],
      ['{"a":1,"a":1}', {}, [422]],
      ['{"a":12345678901234567890}', {}, [422]],
      ['{"a":1e400}', {}, [422]],
      [`${'['.repeat(100)}${']'.repeat(100)}`, {}, [422]],
      ['{"__proto__":{"x":1}}', {}, [422]],
      ['{"a":"\\ud800"}', {}, [422]],
      ['{}', type('text/plain'), [415]],
      ['{}', type('application/json; charset=latin1'), [415]],
      ['{}', { ...type('application/json'), 'content-encoding': 'gzip' }, [415]],
      [`"${'x'.repeat(small.app.limits.jsonBodyBytes)}"`, {}, [413]],
    ]
    for (const [body, headers, statuses] of cases) {
      if (statuses[0] === 200) continue
      problemOf(await small.call(route.method, good, body, headers), statuses)
    }
    expect(({} as { x?: number }).x).toBeUndefined()
    expect(await small.ends()).toBe(before)
  })
})

test('a path that nobody serves is 404, a broken one 400, a long one 414', async () => {
  for (const path of ['/nothing', '/v1', '/v1/', '/v1/topics/ratings/x', '/docs/../v1/nothing']) {
    expect(problemOf(await small.call('GET', path), [404]).code).toBe('API_UNKNOWN_ROUTE')
  }
  problemOf(await small.call('GET', '/v1/topics/%zz'), [400])
  problemOf(await small.call('GET', `/v1/topics?internal=${'x'.repeat(9000)}`), [414])
  problemOf(await small.call('GET', `/v1/topics/${'x'.repeat(2000)}`), [414])
})
