import { expect, test } from 'vitest'
import { z } from 'zod'
import { checkApp } from './check-app.ts'

const app = (event: object, routes: readonly object[] = []): object => ({
  name: 'shop',
  topics: {
    sales: {
      schema: z.object({
        kind: z.string(),
        color: z.string().optional(),
        tags: z.array(z.string()).optional(),
        Cookie: z.string().optional(),
      }),
    },
  },
  events: { sale: { topic: 'sales', fields: { kind: 'sale' }, ...event } },
  routes,
})

const issuesOf = (definition: object): [string, string][] => {
  try {
    checkApp(definition)
    return []
  } catch (error) {
    const { details } = error as { details: { issues: { path: string; message: string }[] } }
    return details.issues.map(({ path, message }) => [path, message])
  }
}

test('a sound event type has no issue', () => {
  expect(issuesOf(app({ routes: { 'GET /': 'ok', 'POST /sell': 'ok' } }))).toEqual([])
})

test.each([
  ['a topic that is not declared', { topic: 'sails' }, '/events/sale/topic', '"sales"'],
  ['a field that the topic lacks', { fields: { size: 1 } }, '/events/sale/fields/size', 'schema'],
  ['no field', { fields: {} }, '/events/sale/fields', 'at least one'],
  [
    'a secret header',
    { fields: { kind: 'sale', Cookie: { header: 'cookie' } } },
    '/events/sale/fields/Cookie',
    'never stored',
  ],
  [
    'a secret subject',
    { subject: { header: 'Authorization' } },
    '/events/sale/subject',
    'never stored',
  ],
  [
    'a call that is none',
    { routes: { 'PUT /sell': '' } },
    '/events/sale/routes/PUT ~1sell',
    'GET /purchase_a_sword',
  ],
  [
    'a path of the product',
    { routes: { 'GET /v1/sell': '' } },
    '/events/sale/routes/GET ~1v1~1sell',
    'belongs to the product',
  ],
  [
    'a path parameter without a schema',
    { routes: { 'GET /sell/:color': '' } },
    '/events/sale/routes/GET ~1sell~1:color',
    '":color"',
  ],
  [
    'a list in a query',
    { fields: { kind: 'sale', tags: z.array(z.string()) }, routes: { 'GET /sell': '' } },
    '/events/sale/routes/GET ~1sell',
    'take it by POST',
  ],
])('refused with its field: %s', (_what, event, path, message) => {
  const [issue] = issuesOf(app(event))
  expect(issue?.[0]).toBe(path)
  expect(issue?.[1]).toContain(message)
})

test('a route of the app cannot take the call of an event type', () => {
  const route = {
    method: 'GET',
    path: '/sell',
    summary: 'Sell',
    answer: z.string(),
    handler: () => '',
  }
  const issues = issuesOf(app({ routes: { 'GET /sell': '' } }, [route]))
  expect(issues).toEqual([['/routes/0/path', '"GET /sell" is declared twice: remove one']])
})
