/** An app that Kafka clients produce to: what they send is in its table, or a dead letter with its bytes. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners, type Message } from 'kafkajs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { readDeadLetter, type LogRecord } from '../core/index.ts'
import { defineApp, topic } from './authoring.ts'
import type { RunningApp, StartOptions } from './running-app.ts'
import { startApp } from './start-app.ts'

const app = defineApp({
  name: 'visits',
  topics: {
    visits: topic({
      schema: z.object({ user: z.int(), page: z.int(), at: z.int() }),
      key: 'user',
      eventTime: 'at',
      batch: { rows: 100, idle: '1h' },
    }),
  },
})

let base: string
let running: RunningApp | undefined

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
})
afterEach(async () => {
  await running?.stop()
  running = undefined
  await rm(base, { recursive: true, force: true })
})

async function start(broker: StartOptions['broker']): Promise<RunningApp> {
  running = await startApp(app, { dataDir: join(base, 'data'), broker })
  return running
}

const connectTo = ({ broker }: RunningApp): Kafka =>
  new Kafka({ brokers: [`${broker?.host}:${broker?.port}`], logLevel: logLevel.NOTHING })

async function send(to: RunningApp, messages: Message[]): Promise<void> {
  const producer = connectTo(to).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'visits', messages })
  await producer.disconnect()
}

async function recordsOf(of: RunningApp, name: string): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for await (const batch of of.log.read(name, 0, 0)) records.push(...batch.records)
  return records
}

const good = (user: number): Message => ({
  key: String(user),
  value: JSON.stringify({ user, page: 1, at: 1_700_000_000 }),
})

test('records of clients are rows; what is no row is a dead letter with its bytes', async () => {
  const to = await start({ port: 0 })
  const bad: Message[] = [
    { value: 'no JSON' },
    { value: '{"user":"one","page":1,"at":1}' },
    { value: '{"user":9007199254740993,"page":1,"at":1}' },
    { value: Buffer.from([0xff, 0xfe, 0x00]) },
    { value: '' },
    { key: 'tombstone', value: null },
    { value: '{}', headers: { large: Buffer.alloc(40_000, 'x') } },
    { value: '[]', timestamp: '-5' },
  ]
  await send(to, [good(1), ...bad, good(2)])
  await send(to, [good(3)])
  await to.sinks.get('visits')?.flush()
  const { rows } = await to.query.run('select user, _offset from visits order by _offset')
  expect(rows).toEqual([
    [1, 0],
    [2, 9],
    [3, 10],
  ])
  const letters = await recordsOf(to, 'visits.dead-letters')
  expect(letters.map(({ headers }) => readDeadLetter(headers)?.offset)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8,
  ])
  const sent = bad.map(({ value }) => (value === null ? null : Buffer.from(value)))
  const kept = letters.map(({ value }) => (value === null ? null : Buffer.from(value)))
  expect(kept).toEqual(sent)
})

test('a client reads what came over HTTP, and a record that is too large is refused at the door', async () => {
  const to = await start({ port: 0 })
  await to.routes.publish('visits', { user: 7, page: 1, at: 1_700_000_000 })
  const consumer = connectTo(to).consumer({ groupId: 'g', maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topics: ['visits'], fromBeginning: true })
  const value = await new Promise<string>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) =>
      resolve(message.value?.toString() ?? '')
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  expect(JSON.parse(value)).toEqual({ user: 7, page: 1, at: 1_700_000_000 })
  const large = { value: 'x'.repeat(10_000_000) }
  await expect(send(to, [large])).rejects.toThrow()
  expect(await recordsOf(to, 'visits')).toHaveLength(1)
})

test('the topics of the app stay as it declares them', async () => {
  const to = await start({ port: 0 })
  const admin = connectTo(to).admin()
  await admin.connect()
  await expect(admin.deleteTopics({ topics: ['visits'] })).rejects.toThrow()
  const grown = { topicPartitions: [{ topic: 'visits', count: 2 }] }
  await expect(admin.createPartitions(grown)).rejects.toThrow()
  const letters = { topics: [{ topic: 'visits.dead-letters' }] }
  await expect(admin.createTopics(letters)).rejects.toThrow()
  expect(await admin.createTopics({ topics: [{ topic: 'other' }] })).toBe(true)
  await admin.disconnect()
  expect((await to.log.topics()).map(({ name }) => name)).toContain('other')
})

test('a port that is taken stops the start, unless nobody asked for it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await expect(start({ port })).rejects.toMatchObject({ code: 'BROKER_PORT_IN_USE' })
  const to = await start({ port, optional: true })
  expect(to.broker).toBeUndefined()
  expect(to.warnings()).toEqual([expect.stringContaining(`port ${port} on 127.0.0.1 is taken`)])
  server.close()
})
