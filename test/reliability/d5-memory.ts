/**
 * D5: a mix of everything, then two hundred senders of one megabyte each, then pages that are asked for and read slowly: the
 * server keeps below its cap, and does not grow from one slice of time to the next.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { AnomalyName } from './anomaly.ts'
import { openLoadClient, requestBytes } from './load/http-client.ts'
import { requestsOf, residentMib, startLoadedServer } from './load/loaded-server.ts'
import { offerClosed } from './load/offer.ts'
import type { Soak } from './result.ts'

/** Promise P17: the server without its models, and as much for its models. */
const CAP_MIB = 1_024
const SENDERS = 200
const SLOW_READERS = 200
/** P17: so much in ten minutes, once it is warm; told where there is time for it. */
const SLOPE_MIB = 1
const LONG_ROUNDS = 60
const SAMPLE_MS = 250

/** A round is ten seconds of the mix. */
export const memory: Soak = async ({ seed, rounds = 6 }) => {
  const began = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-d5-'))
  const instance = await startLoadedServer(join(dir, 'data'), seed)
  const pid = instance.process.pid ?? 0
  const samples: { readonly minute: number; readonly mib: number }[] = []
  const look = (): void => {
    samples.push({ minute: (performance.now() - began) / 60_000, mib: residentMib(pid) })
  }
  const watch = setInterval(look, SAMPLE_MS)
  const client = openLoadClient(instance.url, 10_000)
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const found: string[] = []
  try {
    const mix = requestsOf(instance.url, 'mixed', seed)
    const mixed = await offerClosed({ client, request: mix, seconds: rounds * 10 }, 16)
    const slope = rounds >= LONG_ROUNDS ? tenMinuteSlope(samples) : undefined
    const pad = 'x'.repeat(1_000_000)
    const large = requestBytes(
      instance.url,
      'POST',
      '/v1/topics/load/events',
      JSON.stringify({ pad }),
    )
    const rows = Array.from({ length: 1_000 }, (_, at) => ({
      userId: at,
      movieId: 1,
      pad: 'x'.repeat(900),
    }))
    const wide = requestBytes(instance.url, 'POST', '/v1/models/like/predict', JSON.stringify(rows))
    let at = 0
    const request = (): Buffer => (at++ % 2 === 0 ? large : wide)
    const bodies = await offerClosed(
      { client, request, seconds: Math.min(10, rounds * 2) },
      SENDERS,
    )
    await readSlowly(instance.url, Math.min(10, rounds * 2))
    const most = Math.max(...samples.map(({ mib }) => mib))
    if (most > CAP_MIB) found.push(`${Math.round(most)} MiB are resident`)
    if (slope !== undefined && slope > SLOPE_MIB)
      found.push(`it grows by ${slope} MiB in ten minutes`)
    if (instance.process.exitCode !== null) found.push('the server ended')
    if (bodies.withoutRetryAfter > 0) found.push(`${bodies.withoutRetryAfter} without Retry-After`)
    if (found.length > 0) anomalies.stuck = found.length
    const facts = { id: 'D5', promise: 'P17', seed, rounds, acknowledged: mixed.good + bodies.good }
    const more = {
      rss_mib_max: Math.round(most),
      ...(slope !== undefined && { slope_mib_per_10min: slope }),
      large_bodies: { answered: bodies.good, refused: bodies.refused, late: bodies.timeouts },
    }
    const seconds = (performance.now() - began) / 1_000
    return { ...facts, anomalies, worst: found[0], seconds, more }
  } finally {
    clearInterval(watch)
    client.close()
    await instance.kill()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Growth by least squares over the second half, MiB in ten minutes. */
function tenMinuteSlope(samples: readonly { minute: number; mib: number }[]): number {
  const late = samples.slice(samples.length >> 1)
  const mean = (of: (sample: (typeof late)[number]) => number): number =>
    late.reduce((sum, sample) => sum + of(sample), 0) / late.length
  const [minute, mib] = [mean((one) => one.minute), mean((one) => one.mib)]
  const above = mean((one) => (one.minute - minute) * (one.mib - mib))
  const below = mean((one) => (one.minute - minute) ** 2)
  return Number(((10 * above) / below).toFixed(2))
}

/** Asks for large pages and takes nothing of them. */
async function readSlowly(url: string, seconds: number): Promise<void> {
  const { hostname, port } = new URL(url)
  const page = requestBytes(url, 'GET', '/v1/topics/load/records?limit=1000')
  const sockets = Array.from({ length: SLOW_READERS }, () => {
    const socket = connect({ port: Number(port), host: hostname }, () => socket.write(page))
    socket.pause()
    socket.on('error', () => socket.destroy())
    return socket
  })
  await pause(seconds * 1_000)
  for (const socket of sockets) socket.destroy()
}
