/**
 * A10, first form: every event is sent one to five times, shuffled, by two senders, to a process that is killed again and
 * again. Each id gets one offset, and whatever an answer said of it holds (promises P1, P4, P5).
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ReceiveResult } from '../../src/ingest/index.ts'
import { createRandom } from '../../src/kernels/index.ts'
import { openLog } from '../../src/log/index.ts'

const CHILD = fileURLToPath(new URL('dedupe-child.mjs', import.meta.url))
const IDS = Number(process.env['MILLRACE_DEDUPE_IDS'] ?? 10_000)
const ROUNDS = Number(process.env['MILLRACE_STORM_ROUNDS'] ?? 8)
const SENDERS = 2

let dir: string
let children: ChildProcess[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-dedupe-'))
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children = []
  await rm(dir, { recursive: true, force: true })
})

interface Server {
  readonly child: ChildProcess
  readonly ended: Promise<unknown>
  /** Undefined when the process ended before it answered. */
  send(ids: readonly number[]): Promise<ReceiveResult | undefined>
}

async function startServer(): Promise<Server> {
  const child = fork(CHILD, [dir], { stdio: 'inherit' })
  children.push(child)
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

function shuffled<Item>(items: readonly Item[], random: { int(below: number): number }): Item[] {
  const all = [...items]
  for (let at = all.length - 1; at > 0; at--) {
    const other = random.int(at + 1)
    ;[all[at], all[other]] = [all[other]!, all[at]!]
  }
  return all
}

async function offsetsById(): Promise<Map<number, string[]>> {
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

test('an id is stored once, however often it is sent and the process is killed', async () => {
  const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  process.stdout.write(`dedupe: seed ${seed}\n`)
  const random = createRandom(seed)
  const copies = Array.from({ length: IDS }, (_, id) =>
    Array.from({ length: 1 + random.int(5) }, () => id),
  ).flat()
  const queue = shuffled(copies, random)
  const sent = queue.length
  const unanswered: number[][] = []
  const promised = new Set<number>()
  const counts = { accepted: 0, duplicates: 0, answers: 0, kills: 0 }

  const sender = async (server: Server): Promise<void> => {
    for (;;) {
      const ids = unanswered.pop() ?? queue.splice(0, 1 + random.int(60))
      if (ids.length === 0) return
      const answer = await server.send(ids)
      if (!answer) {
        // A sender that got no answer sends again, here after the restart.
        unanswered.push(ids)
        return
      }
      expect(answer.accepted + answer.duplicates).toBe(ids.length)
      const places = answer.duplicateOffsets.reduce((sum, run) => sum + run.last - run.first + 1, 0)
      expect(places).toBe(answer.duplicates)
      counts.accepted += answer.accepted
      counts.duplicates += answer.duplicates
      counts.answers++
      for (const id of ids) promised.add(id)
    }
  }

  while (queue.length > 0 || unanswered.length > 0) {
    const server = await startServer()
    const isLast = counts.kills === ROUNDS
    const senders = Promise.all(Array.from({ length: SENDERS }, () => sender(server)))
    if (!isLast) {
      const goal = counts.answers + 20 + random.int(40)
      while (counts.answers < goal && queue.length > 0) {
        await new Promise((resolve) => setTimeout(resolve, random.int(10)))
      }
      counts.kills++
    } else await senders
    server.child.kill('SIGKILL')
    await server.ended
    await senders
    for (const [id, offsets] of await offsetsById()) expect(offsets, `id ${id}`).toHaveLength(1)
  }

  const found = await offsetsById()
  expect(found.size).toBe(IDS)
  expect([...promised].filter((id) => !found.has(id))).toEqual([])
  // Events of calls whose answer was lost were stored and are duplicates when they are sent again.
  expect(counts.accepted).toBeLessThanOrEqual(IDS)
  expect(counts.accepted + counts.duplicates).toBeGreaterThanOrEqual(sent)
  expect(counts.kills).toBeGreaterThan(2)
  process.stdout.write(
    `dedupe: ${counts.kills} kills, ${sent} events of ${IDS} ids, ${counts.duplicates} duplicates\n`,
  )
}, 120_000)
