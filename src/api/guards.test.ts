/** What a request must pass before a route sees it, and what every answer carries. */
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultLimits, isMillraceError, silentLogger, type Logger } from '../core/index.ts'
import type { AnyRoute } from './define-route.ts'
import { checkListenAddress } from './guards.ts'
import { buildServer, listen } from './index.ts'
import { routes } from './routes.ts'
import { startSmallServer, type SmallServer } from './small-app.fixture.ts'

const lines: string[] = []
const note = (facts: object, message: string): void => {
  lines.push(JSON.stringify([facts, message]))
}
const logger: Logger = { ...silentLogger, info: note, warn: note, error: note, child: () => logger }

let small: SmallServer
beforeAll(async () => {
  small = await startSmallServer({
    logger,
    server: { allowedHosts: ['mill.example'], allowedOrigins: ['https://console.example'] },
  })
})
afterAll(() => small.stop())

describe('Host', () => {
  test.each([
    'localhost',
    'localhost:8080',
    '127.0.0.1:1',
    '[::1]:8080',
    'LOCALHOST',
    'mill.example:80',
  ])('%s is this server', async (host) => {
    expect((await small.call('GET', '/livez', undefined, { host })).statusCode).toBe(200)
  })
  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil@localhost',
    '10.0.0.1',
  ])('%s is not', async (host) => {
    const response = await small.call('GET', '/livez', undefined, { host })
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([
      403,
      'API_FOREIGN_HOST',
    ])
  })
})

describe('Origin', () => {
  const flush = (origin: string, host = 'localhost:8080') =>
    small.call('POST', '/v1/flush', {}, { origin, host })

  test('a page of this server, or of an allowed origin, may change something', async () => {
    expect((await flush('http://localhost:8080')).statusCode).toBe(200)
    expect((await flush('https://console.example')).statusCode).toBe(200)
  })
  test.each([
    'http://evil.example',
    'null',
    'http://localhost:3000',
    'https://localhost:8080',
    'http://localhost:8080.evil.example',
    '',
  ])('%j may not', async (origin) => {
    expect((await flush(origin)).statusCode).toBe(403)
  })
  test('reading is not bound to an origin, and no answer invites one', async () => {
    const response = await small.call('GET', '/livez', undefined, { origin: 'http://evil.example' })
    expect(response.statusCode).toBe(200)
    expect(
      Object.keys(response.headers).filter((name) => name.startsWith('access-control')),
    ).toEqual([])
  })
})

describe('headers', () => {
  test('every answer has the security headers, a request id and no banner', async () => {
    for (const route of Object.values(routes as Record<string, AnyRoute>)) {
      if (route.method !== 'GET' || route.answerType === 'text/event-stream') continue
      const { headers } = await small.call('GET', route.path.replaceAll(/:\w+/g, 'x'))
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(headers['referrer-policy']).toBe('no-referrer')
      expect(headers['cross-origin-opener-policy']).toBe('same-origin')
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers['content-type']).toMatch(/charset=utf-8/)
      expect(headers).not.toHaveProperty('x-powered-by')
      expect(headers).not.toHaveProperty('server')
    }
  })
  test("a caller's own request id comes back when it is harmless", async () => {
    const ask = async (id: string) =>
      (await small.call('GET', '/livez', undefined, { 'x-request-id': id })).headers['x-request-id']
    expect(await ask('trace-1.2')).toBe('trace-1.2')
    expect(await ask('a b"c')).not.toBe('a b"c')
  })
})

describe('log and metrics', () => {
  test('trap 15: a call is one line and one observation; secrets in query, header and body are in neither', async () => {
    lines.length = 0
    const secret = 'hunter2-secret'
    await small.call(
      'POST',
      `/v1/sql?token=${secret}`,
      { sql: `select '${secret}'`, [secret]: 1 },
      {
        authorization: `Bearer ${secret}`,
        cookie: secret,
      },
    )
    expect(lines.filter((line) => line.includes('"request"'))).toHaveLength(1)
    expect(lines.join('\n')).not.toContain(secret)
    const metrics = await small.call('GET', '/metrics')
    expect(metrics.payload).toMatch(
      /millrace_http_server_request_duration_seconds_count\{[^}]*route="\/v1\/sql"[^}]*status="422"[^}]*\} \d+/,
    )
    expect(metrics.payload).not.toContain(secret)
  })
  test('probes are counted and not logged', async () => {
    lines.length = 0
    await small.call('GET', '/livez')
    expect(lines).toEqual([])
  })
})

describe('addresses', () => {
  test.each(['127.0.0.1', 'localhost', '::1', '127.1.2.3'])('%s needs nothing more', (host) => {
    expect(() => checkListenAddress(host, false)).not.toThrow()
  })
  test.each(['0.0.0.0', '::', '10.0.0.1', 'mill.example', '127.0.0.1.evil.example'])(
    '%s is refused unless told twice',
    (host) => {
      expect(() => checkListenAddress(host, false)).toThrow(/insecure-no-keys/)
      expect(() => checkListenAddress(host, true)).not.toThrow()
    },
  )
  test('an empty host is an error, told twice or not', () => {
    expect(() => checkListenAddress(' ', true)).toThrow(/empty/)
  })
  test('a port that is taken is named, with what moves it', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => {
      taken.listen(0, '127.0.0.1', resolve)
    })
    const { port } = taken.address() as AddressInfo
    const server = buildServer(small.app)
    const error = await listen(server, { port }).catch((caught: unknown) => caught)
    expect(isMillraceError(error, 'API_PORT_IN_USE')).toBe(true)
    expect((error as Error).message).toMatch(new RegExp(`port ${port} .*--port`))
    await server.close()
    await new Promise((resolve) => {
      taken.close(resolve)
    })
  })
})

test('GET /v1/limits shows what is enforced', async () => {
  expect((await small.call('GET', '/v1/limits')).json()).toEqual({ ...defaultLimits })
})
