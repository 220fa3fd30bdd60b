/** Declared event types over HTTP: what a call makes, what it answers, and what is refused. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineApp, event, header, startApp, topic, type RunningApp } from '../app/index.ts'
import type { LogRecord } from '../core/index.ts'
import { buildServer } from './index.ts'

const shop = defineApp({
  name: 'shop',
  topics: {
    sales: topic({
      batch: { rows: 1_000 },
      schema: z.object({
        kind: z.string(),
        color: z.string().optional(),
        amount: z.int().optional(),
        gift: z.boolean().optional(),
        tags: z.array(z.string()).optional(),
        Host: z.string().optional(),
      }),
    }),
  },
  events: {
    visit: event({
      topic: 'sales',
      fields: { kind: 'visit' },
      routes: { 'GET /': '\nHello!\n' },
    }),
    purchase: event({
      topic: 'sales',
      version: 3,
      subject: header('X-User'),
      fields: {
        Host: header('Host'),
        kind: 'purchase',
        color: z.enum(['red', 'green']),
        amount: z.int().min(1).max(9).optional(),
        gift: z.boolean().optional(),
      },
      routes: { 'GET /purchase/:color': 'Done\n', 'GET /purchase': 'Done\n' },
    }),
    tagged: event({ topic: 'sales', fields: { kind: 'tagged', tags: z.array(z.string()) } }),
  },
})

let dataDir: string
let app: RunningApp
let server: FastifyInstance

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-event-routes-'))
  app = await startApp(shop, { dataDir })
  server = buildServer(app)
  await server.ready()
})
afterAll(async () => {
  await server.close()
  await app.stop()
  await rm(dataDir, { recursive: true })
})

const call = (
  method: 'GET' | 'HEAD' | 'POST' | 'DELETE',
  url: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<LightMyRequestResponse> =>
  server.inject({
    method,
    url,
    headers: { host: 'localhost:5000', ...options.headers },
    ...(options.body === undefined ? {} : { payload: options.body as Record<string, unknown> }),
  })

async function records(): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for await (const batch of app.log.read('sales', 0, 0)) all.push(...batch.records)
  return all
}
const lastRecord = async (): Promise<LogRecord> => (await records()).at(-1)!
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString()
const headersOf = (record: LogRecord): Record<string, string> =>
  Object.fromEntries(record.headers.map(({ key, value }) => [key, text(value)]))

describe('a call makes an event', () => {
  test('S1.1: a GET answers the declared text and stores the declared value, spaced as Python prints it', async () => {
    const answer = await call('GET', '/')
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.body).toBe('\nHello!\n')
    expect(text((await lastRecord()).value)).toBe('{"kind": "visit"}')
  })

  test('S1.3: parameters come by path, query and JSON body, numbers as numbers', async () => {
    await call('GET', '/purchase/red?amount=2&gift=true')
    expect(text((await lastRecord()).value)).toBe(
      '{"Host": "localhost:5000", "kind": "purchase", "color": "red", "amount": 2, "gift": true}',
    )
    await call('GET', '/purchase?color=green')
    expect(text((await lastRecord()).value)).toBe(
      '{"Host": "localhost:5000", "kind": "purchase", "color": "green"}',
    )
    await call('POST', '/events/tagged', { body: { tags: ['a', 'b "c"'] } })
    expect(text((await lastRecord()).value)).toBe(
      String.raw`{"kind": "tagged", "tags": ["a", "b \"c\""]}`,
    )
  })

  test('S1.2: every type has POST /events/<name>; a missing field is named, an unknown type is 404', async () => {
    const made = await call('POST', '/events/purchase', { body: { color: 'red' } })
    expect(made.statusCode).toBe(202)
    const { offset } = await lastRecord()
    expect(made.json()).toEqual({
      type: 'purchase',
      topic: 'sales',
      partition: 0,
      offset,
      duplicate: false,
    })
    for (const [url, body, path] of [
      ['/events/purchase', {}, '/color'],
      ['/events/purchase', { color: 'blue' }, '/color'],
      ['/events/purchase', { color: 'red', amount: '2' }, '/amount'],
      ['/events/purchase', { color: 'red', size: 1 }, '/size'],
    ] as const) {
      const refused = await call('POST', url, { body })
      expect(refused.statusCode).toBe(422)
      expect(refused.json<{ errors: { path: string }[] }>().errors[0]?.path).toBe(path)
    }
    expect((await call('POST', '/events/nothing', { body: {} })).statusCode).toBe(404)
  })

  test('S1.2: a bad GET names the parameter of the query or path, and stores nothing', async () => {
    const before = (await records()).length
    for (const [url, path] of [
      ['/purchase', 'query/color'],
      ['/purchase?color=blue', 'query/color'],
      ['/purchase?color=red&amount=two', 'query/amount'],
      ['/purchase?color=red&amount=0x2', 'query/amount'],
      ['/purchase?color=red&amount=10', 'query/amount'],
      ['/purchase?color=red&gift=yes', 'query/gift'],
      ['/purchase?color=red&kind=visit', 'query/kind'],
      ['/purchase/blue', 'path/color'],
    ]) {
      const refused = await call('GET', url!)
      expect([url, refused.statusCode]).toEqual([url, 422])
      expect(refused.json<{ errors: { path: string }[] }>().errors[0]?.path).toBe(path)
    }
    expect(await records()).toHaveLength(before)
  })

  test('HEAD makes no event', async () => {
    const before = (await records()).length
    expect((await call('HEAD', '/')).statusCode).toBe(405)
    expect(await records()).toHaveLength(before)
  })
})

describe('the envelope', () => {
  test('S1.4: has id, time, type, subject, form and source; other headers are kept nowhere', async () => {
    await call('GET', '/purchase?color=red', {
      headers: { 'x-user': 'ann', cookie: 'session=SECRET', authorization: 'Bearer SECRET' },
    })
    const record = await lastRecord()
    const headers = headersOf(record)
    expect(headers).toEqual({
      ce_specversion: '1.0',
      ce_id: expect.stringMatching(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/),
      ce_source: 'http',
      ce_type: 'purchase',
      ce_subject: 'ann',
      ce_dataschema: 'urn:millrace:shop:purchase:3',
      ce_time: new Date(record.timestamp).toISOString(),
    })
    expect(text(record.value)).not.toContain('SECRET')
  })

  test('the same idempotency key makes one event', async () => {
    const headers = { 'idempotency-key': 'order-1' }
    const first = await call('POST', '/events/purchase', { body: { color: 'red' }, headers })
    const again = await call('POST', '/events/purchase', { body: { color: 'red' }, headers })
    expect(again.json()).toEqual({ ...first.json<object>(), duplicate: true })
    const other = await call('POST', '/events/purchase', { body: { color: 'green' }, headers })
    expect(other.statusCode).toBe(409)
  })
})

test('event types are in the OpenAPI document like every other route', async () => {
  const answer = await call('GET', '/openapi.json')
  const { paths } = answer.json<{ paths: Record<string, Record<string, unknown>> }>()
  expect(paths['/purchase']?.['get']).toMatchObject({
    tags: ['app'],
    parameters: expect.arrayContaining([
      expect.objectContaining({ name: 'color', in: 'query', required: true }),
      expect.objectContaining({ name: 'amount', in: 'query', required: false }),
    ]),
  })
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/', '/purchase/{color}', '/events/tagged']),
  )
})
