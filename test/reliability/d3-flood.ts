/**
 * D3: connections by the thousand: as many as are allowed are held and answered, more are closed at once, and a storm of
 * connects leaves the server as it was.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { defaultLimits } from '../../src/core/index.ts'
import { getJson } from '../e2e/instance.ts'
import type { AnomalyName } from './anomaly.ts'
import { openLoadClient, requestBytes } from './load/http-client.ts'
import { residentMib, startLoadedServer } from './load/loaded-server.ts'
import { offerOpen } from './load/offer.ts'
import { createRandom } from '../../src/kernels/index.ts'
import type { Soak } from './result.ts'

const NEEDED_DESCRIPTORS = 12_000
const CONNECTS_PER_SECOND = 10_000
const REQUESTS_OF_ONE_SOCKET = 10_000
/** Files of the log, the lake and the process itself. */
const OTHER_DESCRIPTORS = 300

/** A round is 2,500 connections that are held; two are what is allowed, four twice that. Then a storm of five seconds at most. */
export const flood: Soak = async ({ seed, rounds = 4 }) => {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const allowed = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 0)
  if (allowed < NEEDED_DESCRIPTORS) {
    return { id: 'D3', skipped: `needs ${NEEDED_DESCRIPTORS} open files, may have ${allowed}` }
  }
  const began = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-d3-'))
  const instance = await startLoadedServer(join(dir, 'data'), seed)
  const pid = instance.process.pid ?? 0
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const found: string[] = []
  const held: Socket[] = []
  try {
    const wanted = 2_500 * rounds
    const most = defaultLimits.httpConnections
    const refused = await hold(instance.url, wanted, held)
    const descriptors = (await readdir(`/proc/${pid}/fd`)).length
    if (descriptors > most + OTHER_DESCRIPTORS) found.push(`${descriptors} descriptors are open`)
    if (held.length > most) found.push(`${held.length} connections are held`)
    if (held.length < Math.min(wanted, most) - 50) found.push(`only ${held.length} are held`)
    const answered = await answersOf(held.slice(0, 500))
    if (answered < Math.min(500, held.length)) found.push(`${answered} of 500 are answered`)
    for (const socket of held) socket.destroy()
    await pause(200)
    const client = openLoadClient(instance.url, 1_000)
    const request = (): Buffer => closing(instance.url)
    const seconds = Math.min(5, rounds)
    const storm = await offerOpen(
      { client, request, seconds },
      CONNECTS_PER_SECOND,
      createRandom(seed),
    )
    client.close()
    const recoverMs = await untilAnswered(instance.url)
    if (recoverMs > 10_000) found.push(`not answered ${Math.round(recoverMs)} ms after the storm`)
    const onOne = await requestsOnOneSocket(instance.url, Math.min(REQUESTS_OF_ONE_SOCKET, wanted))
    if (onOne > 0) found.push(`${onOne} requests of one connection failed`)
    if (found.length > 0) anomalies.stuck = found.length
    const facts = { id: 'D3', promise: 'P16', seed, rounds, acknowledged: storm.good }
    const more = {
      held: held.length,
      closed_at_once: refused,
      descriptors,
      storm: { sent: storm.sent, answered: storm.good, seconds: Math.round(storm.seconds) },
      rss_mib: Math.round(residentMib(pid)),
    }
    const took = (performance.now() - began) / 1_000
    return { ...facts, anomalies, recoveryMs: [recoverMs], worst: found[0], seconds: took, more }
  } finally {
    for (const socket of held) socket.destroy()
    await instance.kill()
    await rm(dir, { recursive: true, force: true })
  }
}

const closing = (url: string): Buffer =>
  Buffer.from(`GET /livez HTTP/1.1\r\nhost: ${new URL(url).host}\r\nconnection: close\r\n\r\n`)

/** Opens connections a hundred at a time; those that stay open are held, the number of others comes back. */
async function hold(url: string, count: number, held: Socket[]): Promise<number> {
  const { hostname, port } = new URL(url)
  const all: Socket[] = []
  for (let opened = 0; opened < count; opened += 100) {
    await Promise.all(
      Array.from(
        { length: 100 },
        () =>
          new Promise<void>((resolve) => {
            const socket = connect({ port: Number(port), host: hostname }, resolve)
            socket.on('error', () => resolve())
            // Reads, or the end of the connection would not be seen.
            socket.resume()
            all.push(socket)
          }),
      ),
    )
  }
  await pause(500)
  held.push(
    ...all.filter((socket) => !socket.destroyed && socket.readable && !socket.readableEnded),
  )
  return count - held.length
}

/** How many of the held connections answer a request. */
async function answersOf(sockets: readonly Socket[]): Promise<number> {
  const answers = await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<boolean>((resolve) => {
          socket.once('data', (bytes) =>
            resolve(bytes.toString('latin1').startsWith('HTTP/1.1 200')),
          )
          socket.once('close', () => resolve(false))
          socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
        }),
    ),
  )
  return answers.filter(Boolean).length
}

async function untilAnswered(url: string): Promise<number> {
  const began = performance.now()
  for (;;) {
    const isUp = await getJson(url, '/livez').then(
      () => true,
      () => false,
    )
    const ms = performance.now() - began
    if (isUp || ms > 20_000) return ms
    await pause(20)
  }
}

/** Failures of so many requests, one after the other, on one connection. */
async function requestsOnOneSocket(url: string, count: number): Promise<number> {
  const client = openLoadClient(url, 5_000)
  const request = requestBytes(url, 'GET', '/livez')
  let failures = 0
  for (let sent = 0; sent < count; sent++) {
    if ((await client.send(request))?.status !== 200) failures++
  }
  if (client.connections > 1) failures++
  client.close()
  return failures
}
