/** H9, H12: names of everything in every spelling, and HTTP that is not as it should be, over real sockets. */
import { readdirSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listen } from '../../../src/api/index.ts'
import { openHostileWorld, type HostileWorld } from './world.ts'

let world: HostileWorld
let port: number
beforeAll(async () => {
  world = await openHostileWorld()
  await listen(world.server, { port: 0 })
  port = (world.server.server.address() as AddressInfo).port
})
afterAll(() => world.stop())

const PLACES = [
  '/v1/topics/:name', '/v1/topics/:name/records', '/v1/topics/:name/ledger', '/v1/tables/:name', '/v1/tables/:name/batches', '/v1/models/:name', '/v1/models/:name/versions',
  '/v1/models/like/versions/:name', '/v1/features/:name?entity=1',
] // prettier-ignore
const SPELLINGS = [
  '..', '%2e%2e', '..%2f..%2fetc%2fpasswd', '%252e%252e%252f', '..%5c..%5cwindows', '%2fetc%2fpasswd', 'C:%5cx', 'file:%2f%2f%2fetc%2fpasswd', '%00', 'things%00.json', 'a%0ab', 'a%0d%0ab',
  'x'.repeat(300), '.', '...', '~', '~root', '-rf', '--help', 'CON', 'nul', 'COM1', 'things%20', '%20things', 'things.', '%e2%80%aethings', '%e2%80%8bthings', '%ef%bd%94%ef%bd%88ings',
  '%ef%ac%81le', '%c4%b1', 'th%c3%adngs', 'thi%cc%81ngs', 'THINGS', 'Things', '*', '%3f', '%23', '%25', '$(id)', '`id`', '%24%7bx%7d', "'%20or%201=1", '%3cscript%3e', '[0]', '{}', '%ff', '%c0%af', '%zz',
] // prettier-ignore

/** Every name below the data folder, to see that nothing came into being; files of the log grow. */
function names(folder = world.file('data')): string[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const path = `${folder}/${name}`
      return statSync(path).isDirectory() ? [path, ...names(path)] : [path]
    })
    .filter((path) => !/\/(probe|run|lake\/\.)/.test(path))
}

describe('H9: names', () => {
  test('are 404 or refused in every spelling but their own, and make nothing', async () => {
    const before = names()
    for (const place of PLACES) {
      for (const spelling of SPELLINGS) {
        // The test's own client would take these out of the path; below they go over the wire.
        if (spelling === '..' || spelling === '.' || spelling === '%2e%2e') continue
        const answer = await world.send(place.replace(':name', spelling), undefined, {}, 'GET')
        expect(
          [400, 404, 405, 414, 422],
          `${place} ${spelling}: ${answer.payload.slice(0, 200)}`,
        ).toContain(answer.status)
        expect(answer.payload).not.toMatch(/root:x:|millrace-hostile|ENOENT/)
      }
    }
    expect(names()).toEqual(before)
  })
  test('that are no topic name take no events and make no topic', async () => {
    const ends = await world.ends()
    for (const spelling of SPELLINGS) {
      if (
        /^[\w.~-]+$/.test(spelling) &&
        /^[A-Za-z0-9._-]{1,249}$/.test(spelling) &&
        !/^\.{1,2}$/.test(spelling)
      )
        continue
      const answer = await world.send(`/v1/topics/${spelling}/events`, '{"id":"a"}')
      expect([400, 404, 405, 414, 422], `${spelling}: ${answer.payload}`).toContain(answer.status)
    }
    for (const name of ['__millrace-batches', '__millrace-x', 'things.dead-letters']) {
      const answer = await world.send(`/v1/topics/${name}/events`, '{"id":"a"}')
      expect([403, 422], name).toContain(answer.status)
    }
    expect(await world.ends()).toBe(ends)
  })
})

/** Sends bytes and resolves with all that comes until the server closes, or until nothing came for a while. */
function raw(text: string | Buffer, quietMs = 0): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    const finish = (): void => {
      socket.destroy()
      resolve(answer)
    }
    if (quietMs > 0) socket.setTimeout(quietMs, finish)
    socket.on('data', (bytes) => (answer += bytes.toString('latin1')))
    socket.on('error', finish)
    socket.on('close', finish)
  })
}

const HOST = 'Host: localhost\r\n'
const CLOSE = 'Connection: close\r\n'
const POST = `POST /v1/topics/things/events HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`
const CASES: readonly (readonly [name: string, text: string, statuses: readonly number[]])[] = [
  ['a header of 16 KB and one byte', `GET /livez HTTP/1.1\r\n${HOST}X: ${'x'.repeat(16_385)}\r\n\r\n`, [431]],
  ['2,500 headers', `GET /livez HTTP/1.1\r\n${HOST}${CLOSE}${'a:b\r\n'.repeat(2_500)}\r\n`, [431]],
  ['a URL of 17 KB', `GET /${'x'.repeat(17_000)} HTTP/1.1\r\n${HOST}\r\n`, [414, 431]],
  ['a URL of 9 KB', `GET /${'x'.repeat(9_000)} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, [414]],
  ['a length and chunks', `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, [400]],
  ['two lengths', `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{"a":`, [400]],
  ['a length below zero', `${POST}Content-Length: -1\r\n\r\n`, [400]],
  ['a length that is no number', `${POST}Content-Length: 0x5\r\n\r\n`, [400]],
  ['a declared gigabyte', `${POST}Content-Length: 1073741824\r\n\r\n{`, [413]],
  ['chunks without end', `${POST}Transfer-Encoding: chunked\r\n\r\n${'10000\r\n'.concat(' '.repeat(65_536), '\r\n').repeat(20)}`, [413]],
  ['bare line feeds', `GET /livez HTTP/1.1\nHost: localhost\n\n`, [400]],
  ['no host', `GET /livez HTTP/1.1\r\n${CLOSE}\r\n`, [400]],
  ['two hosts', `GET /livez HTTP/1.1\r\n${HOST}Host: evil\r\n${CLOSE}\r\n`, [400, 403]],
  ['another host', `GET /livez HTTP/1.1\r\nHost: evil\r\n${CLOSE}\r\n`, [403]],
  ['an unknown method', `BREW /livez HTTP/1.1\r\n${HOST}\r\n`, [400, 405, 501]],
  ['a method that is not served', `PROPFIND /livez HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, [404, 405, 501]],
  ['TRACE', `TRACE /livez HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, [405]],
  ['CONNECT', `CONNECT localhost:22 HTTP/1.1\r\n${HOST}\r\n`, [0, 400, 405]],
  ['a bad chunk', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, [400]],
  ['an unknown transfer coding', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, [400, 415, 501]],
  ['an absolute URL', `GET http://localhost/livez HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, [200, 400, 404]],
  ['HTTP/1.0', `GET /livez HTTP/1.0\r\n${HOST}\r\n`, [200]],
  ['HTTP/9.9', `GET /livez HTTP/9.9\r\n${HOST}\r\n`, [400, 505]],
  ['an expectation that nobody has', `${POST}Expect: the-unexpected\r\n${CLOSE}Content-Length: 2\r\n\r\n{}`, [417]],
  ['a space before the colon', `GET /livez HTTP/1.1\r\n${HOST}X : y\r\n\r\n`, [400]],
  ['NUL in a header', `GET /livez HTTP/1.1\r\n${HOST}X: a\u0000b\r\n\r\n`, [400]],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
  ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', [400]],
] // prettier-ignore

test('H9: dots in a path, over the wire, lead nowhere else', async () => {
  for (const path of [
    '/v1/tables/../batches',
    '/v1/topics/%2e%2e/records',
    '/../../etc/passwd',
    '/v1/models/./like',
  ]) {
    const answer = await raw(`GET ${path} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`)
    expect(answer, path).toMatch(/^HTTP\/1\.1 (400|404|422)/)
  }
})

describe('H12: HTTP', () => {
  test.each(CASES)('%s', async (_name, text, statuses) => {
    const before = await world.ends()
    const answer = await raw(Buffer.from(text, 'latin1'))
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
    expect(statuses, answer.slice(0, 300)).toContain(status)
    expect(answer).not.toMatch(/node_modules|\.ts:\d+/)
    expect(await world.ends()).toBe(before)
  })

  test('a thousand requests in one write are answered in order', async () => {
    const count = 1_000
    const one = (id: number): string =>
      `GET /livez HTTP/1.1\r\n${HOST}X-Request-Id: r${id}\r\n${id === count - 1 ? CLOSE : ''}\r\n`
    const answer = await raw(Array.from({ length: count }, (_, id) => one(id)).join(''))
    const ids = [...answer.matchAll(/x-request-id: r(\d+)/g)].map(([, id]) => Number(id))
    expect(ids).toEqual(Array.from({ length: count }, (_, id) => id))
  })

  test('an upgrade is answered as the plain request, and 100-continue is kept', async () => {
    const upgrade = `GET /livez HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    expect(await raw(upgrade, 1_000)).toMatch(/^HTTP\/1\.1 (200|400|426)/)
    const body = '{"id":"continued"}'
    const expecting = `${POST}${CLOSE}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    expect(await raw(expecting)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202/)
  })
})
