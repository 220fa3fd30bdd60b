/**
 * An app on Apache Kafka while everything between it and its lake fails, one fault after the other, under load: the broker is
 * ended, killed and stopped, the network cut, reset, delayed, the clock wrong. What was acknowledged is in the lake once, at
 * the offset of its acknowledgement, and work goes on by itself.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { z } from 'zod'
import { isMillraceError, systemClock, type Clock } from '../../src/core/index.ts'
import { defineApp, startApp, topic, type RunningApp } from '../../src/index.ts'
import { createRandom } from '../../src/kernels/index.ts'
import { until } from '../e2e/instance.ts'
import { anomaliesOf, readLake } from '../e2e/lake-reader.ts'
import { toNdjson } from '../e2e/ratings.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'
import { startProxy, type KafkaProxy } from './tcp-proxy.ts'

/** As long as a broker's answer is waited for, and as long as a member of a group may be silent. */
const REQUEST_MS = 1_500
const SESSION_MS = 3_000
const SENDERS = 3
const CALL_EVENTS = 10
/** E3: how long after the end of a fault events are taken again at the latest. */
const HEALS_WITHIN_MS = 30_000

const app = defineApp({
  name: 'faults',
  topics: {
    events: topic({ schema: z.object({ n: z.int() }), batch: { rows: 1_000, idle: '1s' } }),
  },
})

/** A wall clock that can be set; the monotonic one is nobody's to set. */
interface FalseClock extends Clock {
  set(wrong: (nowMs: number) => number): void
}
function falseClock(): FalseClock {
  let wrong = (nowMs: number): number => nowMs
  return { ...systemClock, now: () => wrong(systemClock.now()), set: (how) => (wrong = how) }
}

let cluster: KafkaCluster
let proxy: KafkaProxy
let dataDir: string
let running: RunningApp
const clock = falseClock()
/** Offset of each acknowledged event. */
const acknowledged = new Map<number, number>()
const isOver = new AbortController()
let senders: Promise<unknown>

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** Sends numbered events, each call again until it is acknowledged. */
async function send(sender: number): Promise<void> {
  for (let first = 1; !isOver.signal.aborted; first += CALL_EVENTS) {
    const numbers = Array.from({ length: CALL_EVENTS }, (_, at) => (first + at) * SENDERS + sender)
    const body = toNdjson(numbers.map((n) => ({ n })))
    const sequence = { sequence: `sender-${sender}`, first }
    const how = { format: 'ndjson', source: 'test', sequence } as const
    await until(
      'the events are stored',
      async () => {
        try {
          const { accepted, duplicates, offsets } = await running.ingest.receive(
            'events',
            once(body),
            how,
          )
          assert.equal(accepted + duplicates, CALL_EVENTS)
          const [range] = offsets
          // A repeated call tells where its events are only if none of them was there.
          const at = accepted === CALL_EVENTS ? range!.first : undefined
          for (const [index, n] of numbers.entries()) {
            acknowledged.set(n, at === undefined ? -1 : at + index)
          }
          return true
        } catch (error) {
          if (isMillraceError(error) && error.retryable) return undefined
          throw error
        }
      },
      120_000,
    )
    await sleep(5)
  }
}

/** Resolves when each sender has had an answer that began after now. */
async function heals(withinMs = HEALS_WITHIN_MS): Promise<void> {
  const before = acknowledged.size
  const enough = before + 3 * SENDERS * CALL_EVENTS
  await until(
    'events are taken again',
    () => (acknowledged.size >= enough ? true : undefined),
    withinMs,
  )
}

beforeAll(async () => {
  proxy = await startProxy()
  const address = `PLAINTEXT://127.0.0.1:${proxy.port}`
  cluster = await startKafka({ properties: { 'advertised.listeners': address } })
  proxy.aim(cluster.brokers[0]!.port)
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-faults-'))
  const properties = `request.timeout.ms=${REQUEST_MS}&session.timeout.ms=${SESSION_MS}&heartbeat.interval.ms=300`
  const log = `kafka://127.0.0.1:${proxy.port}?${properties}&delivery.timeout.ms=10000`
  running = await startApp(app, { dataDir, log, clock })
  senders = Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(sender)))
  await heals()
})
afterAll(async () => {
  isOver.abort()
  await running?.stop()
  await proxy.close()
  await cluster.close()
  await rm(dataDir, { recursive: true, force: true })
})

describe('an app on Apache Kafka, under load', () => {
  it.each(['stop', 'kill'] as const)('E1: goes on when its broker is ended (%s)', async (how) => {
    const [broker] = cluster.brokers
    await broker![how]()
    await broker!.start()
    await heals()
  })

  it.each([0.5, 1, 2])(
    'E2: goes on when its broker sleeps for %f session timeouts',
    async (part) => {
      const [broker] = cluster.brokers
      broker!.pause()
      await sleep(part * SESSION_MS)
      broker!.resume()
      await heals()
    },
  )

  it('E3: goes on after its network was cut, and waits without work meanwhile', async () => {
    proxy.hold(['toBroker', 'toClient'])
    const before = process.cpuUsage()
    await sleep(2 * SESSION_MS)
    const { user, system } = process.cpuUsage(before)
    proxy.hold([])
    assert.ok((user + system) / 1_000 < SESSION_MS, `${(user + system) / 1_000} ms of work`)
    await heals()
  })

  it.each([['toBroker'], ['toClient']] as const)(
    'E3: goes on after nothing came through one way (%s)',
    async (direction) => {
      proxy.hold([direction])
      await sleep(2 * REQUEST_MS)
      proxy.hold([])
      await heals()
    },
  )

  it('E3, E4: goes on after resets, and when answers are lost', async () => {
    const random = createRandom(7)
    for (let round = 0; round < 10; round++) {
      proxy.reset()
      await sleep(100)
    }
    proxy.loseAnswers(() => random.uniform() < 0.3)
    await heals()
    await heals()
    proxy.loseAnswers(() => false)
    assert.ok(proxy.lost() > 0)
    await heals()
  })

  it('E5: goes on when every answer is late', async () => {
    const random = createRandom(8)
    proxy.delay(() => 50 + random.int(450))
    await heals()
    await heals()
    proxy.delay(() => 0)
    await heals()
  })

  it.each([10, 30])('E3: goes on when %i percent of what passes gets lost', async (percent) => {
    const random = createRandom(percent)
    // TCP sends again what got lost, after a time that doubles.
    proxy.delay(() => {
      let delayMs = 0
      for (let again = 200; random.int(100) < percent; again *= 2) delayMs += again
      return delayMs
    })
    // Still lossy: it only has to go on.
    await heals(2 * HEALS_WITHIN_MS)
    proxy.delay(() => 0)
    await heals()
  })

  it('E3: goes on over a line of 1 Mbit/s', async () => {
    const BYTES_PER_MS = 125
    let freeAt = 0
    proxy.delay((bytes) => {
      const now = performance.now()
      freeAt = Math.max(freeAt, now) + bytes / BYTES_PER_MS
      return freeAt - now
    })
    await heals()
    await heals()
    proxy.delay(() => 0)
    await heals()
  })

  it('E6, P20: goes on when its wall clock is wrong, and when that is set', async () => {
    const HOUR_MS = 3_600_000
    const YEAR_MS = 365 * 24 * HOUR_MS
    const began = systemClock.now()
    clock.set((now) => now - 3 * HOUR_MS)
    await heals()
    clock.set((now) => now + YEAR_MS)
    await heals()
    clock.set((now) => now - YEAR_MS)
    await heals()
    clock.set((now) => began + 2 * (now - began))
    await heals()
    clock.set((now) => now - 60_000)
    await heals()
    clock.set((now) => now)
  })

  it('P1, P2, P9: nothing that was acknowledged is lost, doubled or moved', async () => {
    isOver.abort()
    await senders
    await running.sinks.get('events')!.flush()
    const files = await readLake(dataDir, 'events')
    assert.deepEqual(anomaliesOf(files), [])
    const rows = files.flatMap((file) => file.rows)
    assert.equal(rows.length, acknowledged.size)
    const found = new Map(rows.map((row) => [Number(row['n']), Number(row['_offset'])]))
    for (const [n, offset] of acknowledged) {
      assert.ok(found.has(n), `${n} was acknowledged and is lost`)
      if (offset >= 0) assert.equal(found.get(n), offset, String(n))
    }
    const { difference, inLake } = await running.ledger('events')
    assert.deepEqual([difference, inLake], [0, acknowledged.size])
  })
})
