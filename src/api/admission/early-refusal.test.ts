/** Real sockets before a server of the framework, while the event loop is late by a clock that moves by hand. */
import { connect, type AddressInfo } from 'node:net'
import fastify from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { defaultLimits } from '../../core/index.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createAdmission } from './admission.ts'
import { createEarlyRefusal } from './early-refusal.ts'
import { createLateClock } from './late-clock.fixture.ts'

async function setUp() {
  const { clock, setLateMs } = createLateClock(createManualClock())
  let isStopping = false
  const refused: string[] = []
  const admission = createAdmission(defaultLimits, clock, (load) => refused.push(load))
  const early = createEarlyRefusal(admission, {}, () => isStopping)
  const server = fastify({ serverFactory: early.serverFactory, forceCloseConnections: true })
  early.watchRoutes(server)
  const seen: string[] = []
  const handler = (request: { url: string }): string => {
    seen.push(request.url)
    return 'done'
  }
  server.post('/items/:item/scores', { config: { load: 'predict' } }, handler)
  server.get('/items', { config: { load: 'read' } }, handler)
  server.get('/live', handler)
  closers.push(async () => {
    await server.close()
    admission.close()
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.server.address() as AddressInfo
  const setStanding = (lateMs: number): void => {
    setLateMs(lateMs)
    clock.advance(12_000)
  }
  const stop = (): void => void (isStopping = true)
  return { port, seen, refused, setStanding, stop }
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Everything that comes on one connection until the server closes it. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (bytes) => (answer += bytes.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

const post = (item: string, body: string, more = ''): string =>
  `POST /items/${item}/scores?all=1 HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n` +
  `content-length: ${body.length}\r\n${more}\r\n${body}`
const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${more}\r\n`
const CLOSE = 'connection: close\r\n'
const statuses = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

describe('P16: a request that has no hope', () => {
  test('is a problem with Retry-After before the framework sees it, and its connection goes on', async () => {
    const { port, seen, refused, setStanding } = await setUp()
    setStanding(1_000)
    const text = post('7', 'x'.repeat(1_000)) + get('/items') + get('/live', CLOSE)
    const answer = await exchange(port, text)
    expect(statuses(answer)).toEqual([503, 503, 200])
    expect(answer.match(/retry-after: 1/g)).toHaveLength(2)
    const problem = /\{.*?\}/.exec(answer)?.[0] ?? ''
    expect(JSON.parse(problem)).toMatchObject({ status: 503, code: 'API_OVERLOADED' })
    expect(refused).toEqual(['predict', 'read'])
    expect(seen).toEqual(['/live'])
  })

  test('is not waited for when its body is large', async () => {
    const { port, setStanding } = await setUp()
    setStanding(1_000)
    const head = post('7', '').replace('content-length: 0', 'content-length: 1000000')
    const answer = await exchange(port, `${head}beginning`)
    expect(statuses(answer)).toEqual([503])
    expect(answer).toContain('connection: close')
  })

  test('is known by its class alone: others go on', async () => {
    const { port, seen, setStanding } = await setUp()
    setStanding(defaultLimits.loopDelayMs + 50)
    const answer = await exchange(port, post('7', 'x') + get('/items?a=b') + get('/live', CLOSE))
    expect(statuses(answer)).toEqual([200, 503, 200])
    expect(new Set(seen)).toEqual(new Set(['/items/7/scores?all=1', '/live']))
    setStanding(0)
    expect(statuses(await exchange(port, get('/items', CLOSE)))).toEqual([200])
  })

  test('is left to the answer of a server that stops', async () => {
    const { port, seen, stop, setStanding } = await setUp()
    setStanding(1_000)
    stop()
    expect(statuses(await exchange(port, get('/items', CLOSE)))).toEqual([200])
    expect(seen).toEqual(['/items'])
  })
})
