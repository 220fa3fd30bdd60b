/**
 * D7: ten times a second each role is asked whether it is ready, and at once asked to do its work: an event, a query, a
 * prediction; while the disk fills up, while every process for queries hangs, and through a stop and a start. An answer of 200
 * holds for the work that follows it, and 503 is not said while all works; both may be wrong for two seconds after a fault and
 * five after it is over.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, open, readFile, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../src/kernels/index.ts'
import { until } from '../e2e/instance.ts'
import { ratings, sendRatings } from '../e2e/ratings.ts'
import type { AnomalyName } from './anomaly.ts'
import { openLoadClient, requestBytes, type LoadClient } from './load/http-client.ts'
import { requestsOf, startLoadedServer } from './load/loaded-server.ts'
import type { Soak } from './result.ts'
import { pause } from './writer.ts'

const EVERY_MS = 100
const TURNS_WITHIN_MS = 2_000
const HEALS_WITHIN_MS = 5_000
/** Longer than the longest query: what hangs is told by a deadline. */
const ANSWER_WITHIN_MS = 15_000
const FAULT_MS = 6_000
const QUIET_MS = 3_000
const ROLES = ['ingest', 'query', 'serve'] as const
type Role = (typeof ROLES)[number]

interface Look {
  readonly role: Role
  /** When the probe was asked, and when its answer was there. */
  readonly asked: number
  readonly answered: number
  readonly ready: boolean
  readonly works: boolean
}

interface Fault {
  readonly name: string
  /** Who cannot work while it lasts. */
  readonly hits: Role
  /** False where the first request that fails is also the last. */
  readonly lasts: boolean
  begin(server: Victim): Promise<() => Promise<void>>
}

interface Victim {
  readonly pid: number
  readonly mount: string
}

const FAULTS: readonly Fault[] = [
  { name: 'a full disk', hits: 'ingest', lasts: true, begin: ({ mount }) => fillDisk(mount) },
  { name: 'hanging queries', hits: 'query', lasts: false, begin: ({ pid }) => hangChildren(pid) },
]

/** A round is each fault once. */
export const probes: Soak = async ({ seed, rounds = 1 }) => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { id: 'D7', skipped: 'needs root on Linux, to mount a tmpfs' }
  }
  const began = performance.now()
  const mount = await mkdtemp(join(tmpdir(), 'millrace-d7-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', mount])
  const looks: Look[] = []
  const spans: Span[] = []
  try {
    const instance = await startLoadedServer(join(mount, 'data'), seed)
    const victim = { pid: instance.process.pid ?? 0, mount }
    try {
      // Every model, not only the one that is asked: until then 503 is right. The third needs twice the events.
      await sendRatings(instance.url, ratings({ seed: seed + 1, from: 1_000, count: 1_000 }))
      await until('all roles are ready', async () =>
        (await fetch(`${instance.url}/readyz`)).ok ? true : undefined,
      )
      const watch = startWatch(instance.url, seed, looks)
      try {
        await pause(QUIET_MS)
        for (let round = 0; round < rounds; round++) {
          for (const fault of FAULTS) spans.push(await strike(fault, victim, createRandom(seed)))
        }
      } finally {
        await watch.stop()
      }
    } finally {
      await instance.kill()
    }
  } finally {
    execFileSync('umount', ['-l', mount])
    await rm(mount, { recursive: true, force: true })
  }
  return result({ seed, rounds, began, looks, spans })
}

interface Span {
  readonly fault: Fault
  readonly from: number
  readonly to: number
}

async function strike(
  fault: Fault,
  victim: Victim,
  random: ReturnType<typeof createRandom>,
): Promise<Span> {
  const from = performance.now()
  const heal = await fault.begin(victim)
  await pause(FAULT_MS + random.int(500))
  await heal()
  const to = performance.now()
  await pause(HEALS_WITHIN_MS + QUIET_MS)
  return { fault, from, to }
}

function result(run: {
  seed: number
  rounds: number
  began: number
  looks: readonly Look[]
  spans: readonly Span[]
}) {
  const { seed, rounds, began, looks, spans } = run
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const found: string[] = []
  const wrongly = (ready: boolean): Look[] =>
    looks.filter((look) => look.ready === ready && look.works !== ready && !isInTurn(look, spans))
  const [falseReady, falseUnready] = [wrongly(true), wrongly(false)]
  const share = (some: readonly Look[]): number =>
    Number(((100 * some.length) / Math.max(1, looks.length)).toFixed(2))
  for (const [some, what] of [
    [falseReady, 'ready, and did not work'],
    [falseUnready, 'not ready, and worked'],
  ] as const) {
    if (some[0]) found.push(`${some.length} times ${some[0].role} was ${what}`)
  }
  const lasting = spans.filter(({ fault }) => fault.lasts)
  const turnMs = lasting.map(({ fault, from, to }) => {
    const told = looks.find(
      ({ role, ready, asked }) => role === fault.hits && !ready && asked >= from && asked < to,
    )
    if (told === undefined) found.push(`${fault.name} was not told`)
    return told === undefined ? FAULT_MS : told.answered - from
  })
  const late = turnMs.filter((ms) => ms > TURNS_WITHIN_MS + EVERY_MS)
  if (late.length > 0) found.push(`a fault was told after ${Math.round(Math.max(...late))} ms`)
  if (found.length > 0) anomalies.stuck = found.length
  const more = {
    probes: looks.length,
    false_ready_percent: share(falseReady),
    false_unready_percent: share(falseUnready),
    turn_ms: turnMs.map(Math.round),
  }
  const facts = { id: 'D7', promise: 'P15', seed, rounds, acknowledged: looks.length }
  const seconds = (performance.now() - began) / 1_000
  return { ...facts, anomalies, recoveryMs: turnMs, worst: found[0], seconds, more }
}

/** Asked while its role's fault began or ended, or answered then. */
function isInTurn({ role, asked, answered }: Look, spans: readonly Span[]): boolean {
  return spans.some(
    ({ fault, from, to }) =>
      fault.hits === role &&
      ((answered >= from && asked < from + TURNS_WITHIN_MS) ||
        (answered >= to && asked < to + HEALS_WITHIN_MS)),
  )
}

/** Each role is asked on a line of its own, so that one that hangs holds up no other. */
function startWatch(url: string, seed: number, looks: Look[]) {
  const client = openLoadClient(url, ANSWER_WITHIN_MS)
  const sql = JSON.stringify({ sql: 'select 1' })
  const works: Record<Role, () => Buffer> = {
    ingest: requestsOf(url, 'ingest', seed),
    query: () => requestBytes(url, 'POST', '/v1/sql', sql),
    serve: requestsOf(url, 'predict', seed),
  }
  const over = new AbortController()
  const watch = async (role: Role): Promise<void> => {
    while (!over.signal.aborted) {
      looks.push(
        await look(client, role, requestBytes(url, 'GET', `/readyz?role=${role}`), works[role]()),
      )
      await pause(EVERY_MS)
    }
  }
  const all = Promise.all(ROLES.map(watch))
  return {
    async stop() {
      over.abort()
      await all
      client.close()
    },
  }
}

async function look(client: LoadClient, role: Role, probe: Buffer, work: Buffer): Promise<Look> {
  const asked = performance.now()
  const ready = (await client.send(probe))?.status === 200
  const answered = performance.now()
  const { status = 0 } = (await client.send(work)) ?? {}
  return { role, asked, answered, ready, works: status >= 200 && status < 300 }
}

async function fillDisk(mount: string): Promise<() => Promise<void>> {
  const path = join(mount, 'ballast')
  const file = await open(path, 'w')
  const { bavail, bsize } = await statfs(mount)
  // More than there is: a write takes what fits, and the events that come meanwhile find nothing.
  await file.write(new Uint8Array(bavail * bsize)).catch(() => {})
  await file.close()
  return () => rm(path)
}

/** Those that the server has at that moment: it may end them and start others. */
async function hangChildren(pid: number): Promise<() => Promise<void>> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const children = text.trim().split(' ').filter(Boolean).map(Number)
  for (const child of children) signal(child, 'SIGSTOP')
  return () => Promise.resolve(children.forEach((child) => signal(child, 'SIGCONT')))
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself.
  }
}
