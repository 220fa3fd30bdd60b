/**
 * Real sockets: slow and broken clients, streams, and the drain. The limits are made short by the app's own settings, so
 * that what takes ten seconds in production takes a fraction here; each wait ends by an event, not by the clock.
 */
import { connect, type AddressInfo, type Socket } from 'node:net'
import { Agent, request as httpRequest } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import type { Limits } from '../core/index.ts'
import { listen } from './index.ts'
import { startSmallServer, type SmallServer } from './small-app.fixture.ts'

const LIMITS = {
  httpHeadersTimeoutMs: 300,
  httpBodyTimeoutMs: 300,
  httpStallTimeoutMs: 300,
  httpStreams: 2,
  jsonBodyBytes: 4096,
}

let small: SmallServer
let url: string
let port: number
async function start(limits: Partial<Limits> = LIMITS): Promise<void> {
  small = await startSmallServer({ limits })
  url = await listen(small.server, { port: 0 })
  port = (small.server.server.address() as AddressInfo).port
}
afterEach(() => small.stop())

/** Sends text and resolves with everything that comes until the server closes the connection. */
function raw(text: string, keep?: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text)
      keep?.(socket)
    })
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('close', () => resolve(answer))
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)))
  })
}

const HOST = 'Host: localhost\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'

describe('slow and broken requests', () => {
  test('are answered with their status and a problem document, and the connection is closed', async () => {
    await start()
    const events = `POST /v1/topics/ratings/events HTTP/1.1\r\n${HOST}`
    const cases: [string, string, number][] = [
      ['slow headers', 'GET /livez HTTP/1.1\r\n', 408],
      [
        'slow JSON body',
        `POST /v1/sql HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: 50\r\n\r\n{"sql`,
        408,
      ],
      ['slow event body', `${events}${JSON_TYPE}Content-Length: 50\r\n\r\n{"use`, 408],
      ['declared too large', `${events}${JSON_TYPE}Content-Length: 999999999\r\n\r\n{`, 413],
      ['no HTTP', 'hello\r\n\r\n', 400],
      ['unknown method', `BREW /livez HTTP/1.1\r\n${HOST}\r\n`, 400],
      ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
      ['two lengths', `${events}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
      [
        'length and chunked',
        `${events}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
        400,
      ],
      ['bad chunk', `${events}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
      ['large header', `GET /livez HTTP/1.1\r\n${HOST}X: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
      [
        'many headers',
        `GET /livez HTTP/1.1\r\n${HOST}Connection: close\r\n${'X: y\r\n'.repeat(150)}\r\n`,
        431,
      ],
      [
        '2,500 headers',
        `GET /livez HTTP/1.1\r\n${HOST}Connection: close\r\n${'a:\r\n'.repeat(2500)}\r\n`,
        431,
      ],
    ]
    const before = await small.ends()
    const answers = await Promise.all(cases.map(([, text]) => raw(text)))
    for (const [at, [name, , status]] of cases.entries()) {
      const answer = answers[at] ?? ''
      expect(answer.slice(0, 12), name).toBe(`HTTP/1.1 ${status}`)
      if (name === 'no host') continue
      expect(answer, name).toContain('application/problem+json')
      expect(answer.toLowerCase(), name).toContain('connection: close')
    }
    expect(await small.ends()).toBe(before)
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })

  test('a hundred requests in one write are answered in order', async () => {
    await start()
    const one = (id: number): string => `GET /livez HTTP/1.1\r\n${HOST}X-Request-Id: r${id}\r\n`
    const text = Array.from(
      { length: 100 },
      (_, id) => `${one(id)}${id === 99 ? 'Connection: close\r\n' : ''}\r\n`,
    )
    const answer = await raw(text.join(''))
    const ids = [...answer.matchAll(/x-request-id: r(\d+)/g)].map(([, id]) => Number(id))
    expect(ids).toEqual(Array.from({ length: 100 }, (_, id) => id))
  })
})

describe('streams', () => {
  async function* frames(path: string, headers: Record<string, string>, stop: AbortSignal) {
    const response = await fetch(url + path, { headers, signal: stop })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = parts.pop() ?? ''
      yield* parts.filter((part) => part.startsWith('id: '))
    }
  }
  const event = (userId: number) => ({ userId, movieId: 1, rating: 4, timestamp: userId })
  const send = (userId: number) => small.call('POST', '/v1/topics/ratings/events', event(userId))

  test('a reader gets each record once, and goes on after the last id that it saw', async () => {
    await start()
    for (const user of [1, 2, 3]) await send(user)
    const stop = new AbortController()
    const seen: number[] = []
    let lastId = ''
    for await (const frame of frames('/v1/topics/ratings/stream?from=beginning', {}, stop.signal)) {
      const [, id = '', , data = ''] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(frame) ?? []
      seen.push((JSON.parse(data) as { value: { userId: number } }).value.userId)
      lastId = id
      if (seen.length === 3) break
    }
    expect(new Set(seen)).toEqual(new Set([1, 2, 3]))
    await send(4)
    const again = frames('/v1/topics/ratings/stream', { 'last-event-id': lastId }, stop.signal)
    const next = (await again.next()).value ?? ''
    expect(next).toContain('"userId":4')
    stop.abort()
    await again.return(undefined).catch(() => {})
  })

  test('above the cap they are refused with Retry-After, and a place that is given back can be taken', async () => {
    await start()
    const path = '/v1/topics/ratings/stream'
    const stops = [new AbortController(), new AbortController()]
    for (const stop of stops)
      expect((await fetch(url + path, { signal: stop.signal })).status).toBe(200)
    const third = await fetch(url + path)
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5'])
    stops[0]?.abort()
    await expect
      .poll(async () => {
        const probe = new AbortController()
        const { status } = await fetch(url + path, { signal: probe.signal })
        probe.abort()
        return status
      })
      .toBe(200)
    stops[1]?.abort()
  })

  test('a wrong Last-Event-ID is 422 and names the header', async () => {
    await start()
    const response = await fetch(`${url}/v1/topics/ratings/stream`, {
      headers: { 'last-event-id': 'x' },
    })
    expect(response.status).toBe(422)
    expect(await response.text()).toContain('headers/last-event-id')
  })
})

describe('the drain', () => {
  test('what began is answered, an open connection gets 503 and is closed, streams end', async () => {
    // What is slow here is the stop; no limit of the client may end it first.
    await start({})
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = (path: string): Promise<{ status: number; connection: string | undefined }> =>
      new Promise((resolve, reject) => {
        const request = httpRequest(url + path, { agent }, (response) => {
          response.resume()
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }),
          )
        })
        request.on('error', reject)
        request.end()
      })
    expect(await ask('/livez')).toMatchObject({ status: 200 })
    const stream = await fetch(`${url}/v1/topics/ratings/stream`)
    const streamEnd = stream.text()

    // A request that has begun: its headers are in, its body comes only after the stop was asked for.
    const body = JSON.stringify({ userId: 1, movieId: 1, rating: 4, timestamp: 1 })
    let socket: Socket | undefined
    const late = raw(
      `POST /v1/topics/ratings/events HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
      (one) => {
        socket = one
      },
    )
    // And one whose headers are not even whole: it is a request only after the stop was asked for.
    const bytesRead: (() => number)[] = []
    small.server.server.once('connection', (one: Socket) => bytesRead.push(() => one.bytesRead))
    let second: Socket | undefined
    const refused = raw(`GET /livez HTTP/1.1\r\n${HOST}`, (one) => {
      second = one
    })
    await expect.poll(() => connections()).toBeGreaterThanOrEqual(4)
    await expect.poll(() => bytesRead[0]?.() ?? 0).toBeGreaterThan(0)
    const closed = small.server.close()
    await expect.poll(() => small.server.server.listening).toBe(false)
    second?.write('\r\n')
    const stopping = await refused
    expect(stopping.slice(0, 12)).toBe('HTTP/1.1 503')
    expect(stopping).toContain('APP_STOPPING')
    expect(stopping.toLowerCase()).toContain('connection: close')
    socket?.write(body.slice(5))
    const answer = await late
    expect(answer.slice(0, 12)).toBe('HTTP/1.1 202')
    expect(answer.toLowerCase()).toContain('connection: close')
    expect(await streamEnd).toContain(': open')
    await closed
    await expect(ask('/livez')).rejects.toThrow(/ECONN|socket/)
    const { partitions } = await small.app.log.topic('ratings')
    expect(partitions.reduce((sum, { end }) => sum + end, 0)).toBe(1)
  })

  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => {
      small.server.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
    })
})
