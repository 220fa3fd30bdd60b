/** The OpenAPI document holds every route, and the comment at the head of each endpoint file says what the route is. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AnyRoute } from './define-route.ts'
import { routes } from './routes.ts'
import { startSmallServer, type SmallServer } from './small-app.fixture.ts'

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema?: object }[]
  readonly requestBody?: { content: Record<string, { schema: object }> }
  readonly responses: Record<string, { description?: string; content?: Record<string, unknown> }>
}
interface Document {
  readonly openapi: string
  readonly info: { title: string; version: string }
  readonly tags: readonly { name: string }[]
  readonly paths: Record<string, Record<string, Operation>>
}

let small: SmallServer
let document: Document
let text: string
beforeAll(async () => {
  small = await startSmallServer()
  const response = await small.call('GET', '/openapi.json')
  text = response.payload
  document = response.json()
})
afterAll(() => small.stop())

const openApiPath = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}')
const table = Object.entries(routes as Record<string, AnyRoute>)
const operations = (): [string, string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      path,
      method,
      operation,
    ]),
  )

describe('the document', () => {
  test('is OpenAPI 3.1 with a title, a version and the tags that it uses', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: 'Millrace: small' })
    expect(document.info.version).toMatch(/^\d+\.\d+\.\d+/)
    const known = new Set(document.tags.map(({ name }) => name))
    const used = operations().flatMap(([, , { tags = [] }]) => tags)
    expect(used.filter((tag) => !known.has(tag))).toEqual([])
  })

  test.each(table)('has %s', (_id, route) => {
    const operation = document.paths[openApiPath(route.path)]?.[route.method.toLowerCase()]
    expect(operation?.summary).toBe(route.summary)
    expect(Object.keys(operation?.responses ?? {})).toContain(String(route.status ?? 200))
    if (route.body !== undefined)
      expect(operation?.requestBody?.content).toHaveProperty('application/json')
  })

  test("has the app's own routes", () => {
    expect(document.paths['/predict_like']?.['post']).toMatchObject({ tags: ['app'] })
  })

  test('has unique operation ids, declares each path parameter, and describes each answer', () => {
    const ids = operations().map(([, , { operationId }]) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [path, , { parameters = [], responses }] of operations()) {
      const declared = parameters.filter((one) => one.in === 'path').map(({ name }) => name)
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(new Set(declared), path).toEqual(new Set(named))
      expect(parameters.filter((one) => one.in === 'path' && one.required !== true)).toEqual([])
      for (const response of Object.values(responses))
        expect(typeof response.description).toBe('string')
    }
  })

  test('names problem documents for every refusal', () => {
    for (const [path, , { responses }] of operations()) {
      for (const [status, { content = {} }] of Object.entries(responses)) {
        if (Number(status) < 400) continue
        expect(Object.keys(content), `${path} ${status}`).toEqual(['application/problem+json'])
      }
    }
  })

  test('has no reference that leads nowhere and nothing of another host', () => {
    for (const [, reference = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = reference
        .split('/')
        .reduce<unknown>(
          (value, part) => (value as Record<string, unknown> | undefined)?.[part],
          document,
        )
      expect(target, reference).toBeDefined()
    }
    expect(text).not.toMatch(/https?:\/\/(?!json-schema\.org)/)
  })
})

describe('S4.12: the page at /docs', () => {
  test('comes with its parts, all from this server, under a policy without inline scripts', async () => {
    const page = await small.call('GET', '/docs/')
    expect(page.statusCode).toBe(200)
    const parts = [...page.payload.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => part)
    expect(parts.length).toBeGreaterThan(3)
    for (const part of parts) {
      expect(part).not.toMatch(/^(https?:)?\/\//)
      const { pathname } = new URL(part, 'http://localhost/docs/')
      expect((await small.call('GET', pathname)).statusCode, part).toBe(200)
    }
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toContain('default-src')
    expect(policy).not.toMatch(/script-src[^;]*'unsafe-(inline|eval)'/)
  })
})

describe('endpoint files', () => {
  test.each(table)('%s opens with method, path and statuses', (id, route) => {
    const source = readFileSync(new URL(`routes/${id}.ts`, import.meta.url), 'utf8')
    const [, head = ''] = /^\/\*\*\n([\s\S]*?)\*\//.exec(source) ?? []
    const [, method, path = ''] = /^ \* (\w+) (\S+)/.exec(head) ?? []
    expect([method, path.split('?', 1)[0]]).toEqual([route.method, openApiPath(route.path)])
    expect(head).toMatch(new RegExp(`\\b${route.status ?? 200}\\b`))
  })
})
