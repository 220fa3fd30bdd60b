/** What was acknowledged is there once, at its offset: with overlapping appends, lost answers and killed brokers. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { afterEach, describe, it } from 'vitest'
import { openLog, type Log } from '../../src/log/index.ts'
import { createRandom } from '../../src/kernels/index.ts'
import { startKafka } from './kafka-cluster.ts'
import { startProxy } from './tcp-proxy.ts'

const open = (bootstrap: string, properties: Record<string, string> = {}): Promise<Log> =>
  openLog({ dir: '.', url: `kafka://${bootstrap}`, properties, env: {} })

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

interface Acknowledged {
  /** `partition/offset` of each acknowledged value. */
  readonly places: Map<string, string>
  /** Values whose append failed: there once, or not at all. */
  readonly unknown: Set<string>
}

/** Appends `calls` times 1 to `most` records, `atOnce` calls at a time. */
async function appendMany(
  log: Log,
  options: {
    calls: number
    atOnce: number
    most: number
    partitions: number
    /** Ends it early. */
    isEnough?: (so: Acknowledged) => boolean
    /** Called after each acknowledged call. */
    onAcknowledged?: (calls: number) => void
  },
  seed: number,
): Promise<Acknowledged> {
  const random = createRandom(seed)
  const acknowledged: Acknowledged = { places: new Map(), unknown: new Set() }
  let next = 0
  let done = 0
  const worker = async (): Promise<void> => {
    for (let call = next++; call < options.calls; call = next++) {
      if (options.isEnough?.(acknowledged) === true) return
      const count = 1 + random.int(options.most)
      const values = Array.from({ length: count }, (_, at) => `${call}-${at}`)
      const records = values.map((value) => ({
        key: null,
        value: encoder.encode(value.padEnd(100, '.')),
        headers: [],
        // Older than a day: the broker forgets such a producer at its next start.
        timestamp: 1_700_000_000_000,
        partition: call % options.partitions,
      }))
      try {
        const placed = await log.append('t', records)
        options.onAcknowledged?.(++done)
        for (const [at, { partition, offset }] of placed.entries()) {
          acknowledged.places.set(values[at]!, `${partition}/${offset}`)
        }
      } catch {
        for (const value of values) acknowledged.unknown.add(value)
      }
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, worker))
  return acknowledged
}

/** Lost 0, double 0, every acknowledged record at its place. */
async function checkAll(log: Log, { places, unknown }: Acknowledged): Promise<void> {
  const found = new Map<string, string>()
  for (const { partition, earliest } of (await log.topic('t')).partitions) {
    for await (const { records } of log.read('t', partition, earliest)) {
      for (const { offset, value } of records) {
        const text = decoder.decode(value ?? undefined).replace(/\.+$/, '')
        assert.ok(!found.has(text), `${text} is stored twice`)
        found.set(text, `${partition}/${offset}`)
      }
    }
  }
  for (const [value, place] of places) assert.equal(found.get(value), place, value)
  for (const value of found.keys()) assert.ok(places.has(value) || unknown.has(value), value)
}

/** Whatever else writes there meanwhile. */
async function fillDisk(disk: string, ballast: string): Promise<void> {
  const { bavail, bsize } = await statfs(disk)
  const more = new Uint8Array(bavail * bsize + 1_000_000)
  await assert.rejects(writeFile(ballast, more), { code: 'ENOSPC' })
}

/** As a client does that sends again what was not answered, without numbers that the broker could know it by. */
async function sendCarelessly(bootstrap: string, topic: string, count: number): Promise<void> {
  const retry = { retries: 50, initialRetryTime: 5, maxRetryTime: 20 }
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  for (let n = 0; n < count; n++) {
    await producer.send({ topic, messages: [{ value: String(n) }], acks: -1 })
  }
  await producer.disconnect()
}

describe('appends to Apache Kafka', () => {
  it('lose and repeat nothing when 50 of them overlap', async () => {
    const cluster = await startKafka()
    closers.push(cluster.close)
    const log = await open(cluster.bootstrap)
    closers.push(() => log.close())
    await log.createTopic({ name: 't', partitions: 3 })
    const load = { calls: 2_000, atOnce: 50, most: 40, partitions: 3 }
    const acknowledged = await appendMany(log, load, 1)
    assert.equal(acknowledged.unknown.size, 0)
    await checkAll(log, acknowledged)
  })

  it('E1, P1: survive brokers that are killed in the middle', async () => {
    const cluster = await startKafka()
    closers.push(cluster.close)
    const log = await open(cluster.bootstrap, { 'delivery.timeout.ms': '60000' })
    closers.push(() => log.close())
    await log.createTopic({ name: 't', partitions: 2 })
    const broker = cluster.brokers[0]!
    let bouncing = Promise.resolve()
    const onAcknowledged = (calls: number): void => {
      if (calls % 1_000 !== 0 || calls > 3_000) return
      bouncing = bouncing.then(() => broker.kill()).then(() => broker.start())
    }
    const load = { calls: 4_000, atOnce: 20, most: 40, partitions: 2, onAcknowledged }
    const acknowledged = await appendMany(log, load, 2)
    await bouncing
    assert.equal(acknowledged.unknown.size, 0, 'each append outlasts the outage')
    await checkAll(log, acknowledged)
  })

  it('E4, P4: are stored once when the broker’s answer is lost', async () => {
    const proxy = await startProxy()
    closers.push(proxy.close)
    const address = `PLAINTEXT://127.0.0.1:${proxy.port}`
    const cluster = await startKafka({ properties: { 'advertised.listeners': address } })
    closers.push(cluster.close)
    proxy.aim(cluster.brokers[0]!.port)
    const random = createRandom(3)
    const log = await open(`127.0.0.1:${proxy.port}`, { 'retry.backoff.ms': '5' })
    closers.push(() => log.close())
    await log.createTopic({ name: 't', partitions: 2 })
    proxy.loseAnswers(() => random.uniform() < 0.3)
    const acknowledged = await appendMany(log, { calls: 500, atOnce: 4, most: 5, partitions: 2 }, 3)
    assert.ok(proxy.lost() > 30, `${proxy.lost()} answers were lost`)
    assert.equal(acknowledged.unknown.size, 0)
    await checkAll(log, acknowledged)
    // The control: a producer that is not idempotent stores what it sends again, and this proxy makes it send again.
    await log.createTopic({ name: 'control' })
    await sendCarelessly(`127.0.0.1:${proxy.port}`, 'control', 50)
    const [control] = (await log.topic('control')).partitions
    assert.ok(control!.end > 50, `${control!.end} records of 50`)
  })

  it('P1: with three brokers, two in sync, go on when a leader is killed, and another one leads', async () => {
    const cluster = await startKafka({ brokers: 3 })
    closers.push(cluster.close)
    const log = await open(cluster.bootstrap, { 'delivery.timeout.ms': '60000' })
    closers.push(() => log.close())
    await log.createTopic({ name: 't', partitions: 3 })
    // Three copies, two of them before an acknowledgement: nothing to say.
    assert.deepEqual(await log.cluster?.shortcomings(['t']), [])
    const placed = async () => (await log.topic('t')).partitions.map(({ placement }) => placement!)
    const [before] = await placed()
    let killing = Promise.resolve()
    const onAcknowledged = (calls: number): void => {
      if (calls === 500) killing = cluster.brokers.find(({ id }) => id === before!.leader)!.kill()
    }
    const load = { calls: 3_000, atOnce: 20, most: 20, partitions: 3, onAcknowledged }
    const acknowledged = await appendMany(log, load, 4)
    await killing
    assert.equal(acknowledged.unknown.size, 0)
    await checkAll(log, acknowledged)
    for (const { leader, inSync } of await placed()) {
      assert.ok(leader > 0 && leader !== before!.leader, `${leader} leads`)
      assert.equal(inSync.length, 2)
    }
  })

  it.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
    'E7, P7: a broker’s full disk loses nothing that was acknowledged (needs root, to mount a tmpfs)',
    async () => {
      const disk = await mkdtemp(join(tmpdir(), 'millrace-e7-'))
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk])
      closers.push(async () => {
        execFileSync('umount', [disk])
        await rm(disk, { recursive: true })
      })
      const cluster = await startKafka({ properties: { 'log.dirs': join(disk, 'log') } })
      closers.push(cluster.close)
      const [broker] = cluster.brokers
      const log = await open(cluster.bootstrap, { 'delivery.timeout.ms': '4000' })
      closers.push(() => log.close())
      await log.createTopic({ name: 't' })
      const ballast = join(disk, 'ballast')
      let filling = Promise.resolve()
      const onAcknowledged = (calls: number): void => {
        if (calls === 50) filling = fillDisk(disk, ballast)
      }
      const isEnough = ({ unknown }: Acknowledged): boolean => unknown.size > 0
      const load = { calls: 100_000, atOnce: 2, most: 100, partitions: 1 }
      const acknowledged = await appendMany(log, { ...load, onAcknowledged, isEnough }, 5)
      await filling
      assert.ok(acknowledged.unknown.size > 0, 'a full disk is told')
      assert.notDeepEqual(await log.cluster?.faults(['t'], 1_000), [])
      await rm(ballast)
      // Apache Kafka ends itself when its only disk has failed.
      await broker!.kill()
      await broker!.start()
      await log.append('t', [
        { key: null, value: encoder.encode('after'), headers: [], timestamp: 0 },
      ])
      acknowledged.unknown.add('after')
      await checkAll(log, acknowledged)
      assert.deepEqual(await log.cluster?.faults(['t'], 5_000), [])
    },
  )

  it('split what is larger than a batch', async () => {
    const cluster = await startKafka()
    closers.push(cluster.close)
    const log = await open(cluster.bootstrap, { 'compression.type': 'lz4' })
    closers.push(() => log.close())
    await log.createTopic({ name: 't' })
    const records = Array.from({ length: 60 }, (_, index) => ({
      key: null,
      value: new Uint8Array(100_000).fill(index),
      headers: [],
      timestamp: index,
    }))
    const placed = await log.append('t', records)
    assert.deepEqual(
      placed.map(({ offset }) => offset),
      records.map((_, index) => index),
    )
    let seen = 0
    for await (const batch of log.read('t', 0, 0)) {
      for (const { value, timestamp } of batch.records) {
        assert.ok(value!.length === 100_000 && value![0] === seen && timestamp === seen)
        seen++
      }
    }
    assert.equal(seen, 60)
  })
})
