/**
 * D4: events come at a steady rate while the lake cannot be written and every process for queries hangs. Events go on without a
 * stall, memory stays, the ledger says how many wait; when both are healed, the lake catches up by itself.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRandom } from '../../src/kernels/index.ts'
import { getJson, postJson } from '../e2e/instance.ts'
import type { AnomalyName } from './anomaly.ts'
import { openLoadClient } from './load/http-client.ts'
import { EVENTS, requestsOf, residentMib, startLoadedServer } from './load/loaded-server.ts'
import { offerOpen } from './load/offer.ts'
import type { Soak } from './result.ts'

const PER_SECOND = 20
const STALL_MS = 1_000
const MEMORY_MIB = 96
/** Caught up at twice the rate of the events, and some seconds for the next try. */
const NEXT_TRY_MS = 15_000

/** A round is one second of the fault. */
export const stalledSink: Soak = async ({ seed, rounds = 30 }) => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { id: 'D4', skipped: 'needs root on Linux, to make a folder read-only' }
  }
  const began = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-d4-'))
  const dataDir = join(dir, 'data')
  const lake = join(dataDir, 'lake')
  const instance = await startLoadedServer(dataDir, seed)
  const pid = instance.process.pid ?? 0
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const found: string[] = []
  const client = openLoadClient(instance.url, STALL_MS)
  const random = createRandom(seed)
  let isMounted = false
  try {
    const request = requestsOf(instance.url, 'ingest', seed, 'ratings')
    const offer = (seconds: number): ReturnType<typeof offerOpen> =>
      offerOpen({ client, request, seconds }, PER_SECOND, random)
    await offer(3)
    execFileSync('mount', ['--bind', lake, lake])
    isMounted = true
    await makeReadOnly(lake)
    const children = await childrenOf(pid)
    for (const child of children) process.kill(child, 'SIGSTOP')
    const hanging = postJson(instance.url, '/v1/sql', { sql: 'select 1', timeoutMs: 2_000 })
    const before = residentMib(pid)
    const stalled = await offer(rounds)
    const after = residentMib(pid)
    const { inFlight } = await getJson<{ inFlight: number }>(
      instance.url,
      '/v1/topics/ratings/ledger',
    )
    if (stalled.good < stalled.sent) {
      found.push(`${stalled.sent - stalled.good} of ${stalled.sent} events were not taken`)
    }
    if (after - before > MEMORY_MIB) found.push(`memory grew by ${Math.round(after - before)} MiB`)
    if (inFlight < (stalled.good * EVENTS) / 2)
      found.push(`the ledger counts ${inFlight} in flight`)
    if ((await hanging).status !== 408) found.push(`a hung query was ${(await hanging).status}`)
    for (const child of children) if (isThere(child)) process.kill(child, 'SIGCONT')
    execFileSync('umount', [lake])
    isMounted = false
    const healed = performance.now()
    const withinMs = NEXT_TRY_MS + (rounds * 1_000) / 2
    while ((await waiting(instance.url)) > 0 && performance.now() - healed < withinMs)
      await pause(100)
    const caughtUpMs = performance.now() - healed
    if (caughtUpMs >= withinMs) found.push(`${await waiting(instance.url)} events still wait`)
    const sql = await postJson(instance.url, '/v1/sql', { sql: 'select count(*) from ratings' })
    if (sql.status !== 200) found.push(`a query after it was ${sql.status}`)
    if (found.length > 0) anomalies.stuck = found.length
    const facts = { id: 'D4', promise: 'P16 P17 P18', seed, rounds, acknowledged: stalled.good }
    const more = {
      events_p99_ms: stalled.p99,
      in_flight: inFlight,
      rss_mib: [Math.round(before), Math.round(after)],
    }
    const seconds = (performance.now() - began) / 1_000
    return { ...facts, anomalies, recoveryMs: [caughtUpMs], worst: found[0], seconds, more }
  } finally {
    client.close()
    if (isMounted) execFileSync('umount', ['-l', lake])
    await instance.kill()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Rows that are in no committed batch, once what is open is cut. */
async function waiting(url: string): Promise<number> {
  await postJson(url, '/v1/flush', {}).catch(() => undefined)
  const { inFlight } = await getJson<{ inFlight: number }>(url, '/v1/topics/ratings/ledger')
  return inFlight
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Refused as busy while a file below it is open for writing; between two batches none is. */
async function makeReadOnly(folder: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      execFileSync('mount', ['-o', 'remount,ro,bind', folder], { stdio: 'pipe' })
      return
    } catch (error) {
      if (tries === 100) throw error
      await pause(50)
    }
  }
}
