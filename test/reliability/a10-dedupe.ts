/**
 * A10: every event is sent one to five times, shuffled, by two senders, to a process that is killed again and again. Each id
 * gets one offset, and whatever an answer said of it holds. A round is one kill.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ReceiveResult } from '../../src/ingest/index.ts'
import { createRandom, type Random } from '../../src/kernels/index.ts'
import { openLog } from '../../src/log/index.ts'
import { createFindings, type Findings } from './findings.ts'
import type { Soak } from './result.ts'
import { pause } from './writer.ts'

const CHILD = fileURLToPath(new URL('dedupe-child.mjs', import.meta.url))
const IDS_A_ROUND = 1_000
const SENDERS = 2

interface Server {
  readonly child: ChildProcess
  readonly ended: Promise<unknown>
  /** Undefined when the process ended before it answered. */
  send(ids: readonly number[]): Promise<ReceiveResult | undefined>
}

async function startServer(dir: string): Promise<Server> {
  const child = fork(CHILD, [dir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const waiting = new Map<number, (answer: ReceiveResult | undefined) => void>()
  const ended = once(child, 'exit').then(() => {
    for (const answer of waiting.values()) answer(undefined)
    waiting.clear()
  })
  let calls = 0
  await once(child, 'message')
  child.on('message', ({ call, answer }: { call: number; answer: ReceiveResult }) => {
    waiting.get(call)?.(answer)
    waiting.delete(call)
  })
  return {
    child,
    ended,
    send: (ids) =>
      new Promise((resolve) => {
        if (!child.connected) return resolve(undefined)
        const call = calls++
        waiting.set(call, resolve)
        child.send({ call, ids }, (error) => error && resolve(undefined))
      }),
  }
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const all = [...items]
  for (let at = all.length - 1; at > 0; at--) {
    const other = random.int(at + 1)
    ;[all[at], all[other]] = [all[other]!, all[at]!]
  }
  return all
}

async function offsetsById(dir: string): Promise<Map<number, string[]>> {
  const log = await openLog({ dir: join(dir, 'log') })
  const found = new Map<number, string[]>()
  for (const { partition, earliest } of (await log.topic('events')).partitions) {
    for await (const { records } of log.read('events', partition, earliest)) {
      for (const { value, offset } of records) {
        const { id } = JSON.parse(Buffer.from(value ?? []).toString()) as { id: number }
        found.set(id, [...(found.get(id) ?? []), `${partition}/${offset}`])
      }
    }
  }
  await log.close()
  return found
}

export const dedupe: Soak = async ({ seed, rounds = 10 }) => {
  const began = performance.now()
  const findings = createFindings()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-a10-'))
  try {
    const more = await storm(dir, seed, rounds, findings)
    const seconds = (performance.now() - began) / 1_000
    const { anomalies, worst } = findings
    const facts = { id: 'A10', promise: 'P1 P4 P5', seed, rounds, acknowledged: more.ids }
    return { ...facts, anomalies, worst, seconds, more: { ...more } }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

interface Counts {
  sent: number
  accepted: number
  duplicates: number
  answers: number
}

async function storm(
  dir: string,
  seed: number,
  kills: number,
  findings: Findings,
): Promise<Counts & { readonly ids: number }> {
  const random = createRandom(seed)
  const ids = kills * IDS_A_ROUND
  const copies = Array.from({ length: ids }, (_, id) =>
    Array.from({ length: 1 + random.int(5) }, () => id),
  ).flat()
  const queue = shuffled(copies, random)
  const unanswered: number[][] = []
  const promised = new Set<number>()
  const counts: Counts = { sent: queue.length, accepted: 0, duplicates: 0, answers: 0 }

  const sender = async (server: Server): Promise<void> => {
    for (;;) {
      const some = unanswered.pop() ?? queue.splice(0, 1 + random.int(60))
      if (some.length === 0) return
      const answer = await server.send(some)
      if (!answer) {
        // A sender that got no answer sends again, here after the restart.
        unanswered.push(some)
        return
      }
      if (answer.accepted + answer.duplicates !== some.length)
        findings.note('changed', `${some.length} events were answered as ${JSON.stringify(answer)}`)
      const places = answer.duplicateOffsets.reduce((sum, run) => sum + run.last - run.first + 1, 0)
      if (places !== answer.duplicates)
        findings.note('changed', `${answer.duplicates} duplicates have ${places} offsets`)
      counts.accepted += answer.accepted
      counts.duplicates += answer.duplicates
      counts.answers++
      for (const id of some) promised.add(id)
    }
  }

  for (let killed = 0; queue.length + unanswered.length > 0; killed++) {
    const server = await startServer(dir)
    const senders = Promise.all(Array.from({ length: SENDERS }, () => sender(server)))
    if (killed < kills) {
      const goal = counts.answers + 10 + random.int(1 + Math.ceil(queue.length / 30 / kills))
      while (counts.answers < goal && queue.length > 0) await pause(random.int(10))
    } else await senders
    server.child.kill('SIGKILL')
    await server.ended
    await senders
    await checkOffsets(dir, promised, findings)
  }
  // Events of calls whose answer was lost were stored and are duplicates when they are sent again.
  if (counts.accepted > ids)
    findings.note('duplicate', `${counts.accepted} of ${ids} were accepted`)
  return { ...counts, ids }
}

async function checkOffsets(
  dir: string,
  promised: ReadonlySet<number>,
  findings: Findings,
): Promise<void> {
  const found = await offsetsById(dir)
  for (const [id, offsets] of found) {
    if (offsets.length > 1) findings.note('duplicate', `id ${id} lies at ${offsets.join(', ')}`)
  }
  for (const id of promised) if (!found.has(id)) findings.note('lost', `id ${id}`)
}
