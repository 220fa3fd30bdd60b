/**
 * The streaming course from outside: hello, windows of words, data sets as rows, groups, and a kill in between. Used with
 * either log.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Kafka, logLevel, type Consumer } from 'kafkajs'
import { afterAll, beforeAll, it } from 'vitest'
import { root } from '../house/sources.ts'
import type { JourneyWorld } from './game-events-journey.ts'
import { getJson, postJson, startInstance, until, type Instance } from './instance.ts'

const APP = join(root, 'examples/streaming-ml/app.ts')
const MAIN = join(root, 'dist/cli/main.js')
const SIZE_MS = 10_000

interface Stream {
  readonly name: string
  readonly results: number
  readonly dropped: { readonly late: number; readonly invalid: number }
}

interface Letter {
  readonly deadLetter: { readonly stage: string; readonly reason: string }
}

export function streamingMlJourney(open: () => Promise<JourneyWorld>): void {
  let world: JourneyWorld
  let instance: Instance
  let startedAt: number

  const start = async (): Promise<void> => {
    const { dataDir, kafka: cluster } = world
    instance = await startInstance({
      dataDir,
      app: APP,
      ...(cluster === undefined ? { broker: true } : { args: ['--log', `kafka://${cluster}`] }),
    })
  }
  const millrace = async (...args: readonly string[]): Promise<string> => {
    const line = [MAIN, ...args, '--url', instance.url]
    return (await promisify(execFile)(process.execPath, line)).stdout
  }
  const sql = async (text: string): Promise<unknown[][]> =>
    (await postJson<{ rows: unknown[][] }>(instance.url, '/v1/sql', { sql: text })).body.rows
  const send = async (topic: string, ...events: readonly object[]): Promise<number> =>
    (await postJson(instance.url, `/v1/topics/${topic}/events`, events)).status
  const stream = async (name: string): Promise<Stream | undefined> => {
    const { streams } = await getJson<{ streams: Stream[] }>(instance.url, '/v1/streams')
    return streams.find((one) => one.name === name)
  }

  beforeAll(async () => {
    world = await open()
    startedAt = performance.now()
    await start()
  })
  afterAll(async () => {
    await instance.kill()
  })

  it('S3.7: data sets arrive as messages and are ten typed rows each; what is ragged is a dead letter', async () => {
    await until('rows of two data sets', async () => {
      const [[rows] = []] = await sql('select count(*) from data_rows')
      return Number(rows) >= 20 ? true : undefined
    })
    const [shape] = await sql(
      "select count(*), min(label), max(label), bool_and(x_5 between -9 and 9), count(distinct score) from data_rows where _id like '%/0/0/%'",
    )
    assert.deepEqual(shape, [10, 0, 1, true, 1])
    const columns = await sql('select column_name, column_type from (describe data_rows) limit 8')
    assert.deepEqual(columns.slice(0, 3), [
      ['row', 'BIGINT'],
      ['x_1', 'DOUBLE'],
      ['x_2', 'DOUBLE'],
    ])
    const ragged = {
      rows: Array.from({ length: 10 }, (_, row) => ({
        x: [1, 2, 3, 4].slice(row === 7 ? 1 : 0),
        label: 1,
      })),
      score: 1,
    }
    assert.equal(await send('data-topic', ragged), 422)
    // A producer that asks nobody: a Kafka client.
    const producer = kafka().producer()
    await producer.connect()
    const nan = '{"rows":[{"x":[NaN,1,2,3,4],"label":0}],"score":0.5}'
    await producer.send({
      topic: 'data-topic',
      messages: [{ value: JSON.stringify(ragged) }, { value: nan }],
    })
    await producer.disconnect()
    const reasons = await until('two dead letters', async () => {
      const { records } = await getJson<{ records: Letter[] }>(
        instance.url,
        '/v1/topics/data-topic/dead-letters',
      )
      const letters = records.map(({ deadLetter: { stage, reason } }) => `${stage}: ${reason}`)
      return letters.length === 2 ? letters : undefined
    })
    assert.match(reasons.join('\n'), /stream: .*\/rows\/7\/x[^]*stream: .*NaN/)
  })

  it('S3.4: twenty times "Hello, World!" in a window is 40, an empty window is 0', async () => {
    const window = Math.floor(Date.now() / SIZE_MS) * SIZE_MS - 6 * SIZE_MS
    const hello = (at: number): object => ({ time: window + at, msg: 'Hello, World!' })
    const half = Array.from({ length: 10 }, (_, index) => hello(index * 500))
    assert.equal(await send('test-topic', ...half), 202)
    // What is open when the process dies is counted after the next start.
    await instance.kill()
    await start()
    await send('test-topic', ...half.map((_, index) => hello(5_000 + index * 500)))
    await send('test-topic', hello(2 * SIZE_MS + 1))
    const sums = await until('two windows are closed', async () => {
      const rows = await sql(
        `select epoch_ms(window_start) - ${window}, words, messages from word_sums order by 1`,
      )
      return rows.length >= 2 ? rows.slice(0, 2) : undefined
    })
    assert.deepEqual(sums, [
      [0, 40, 20],
      [SIZE_MS, 0, 0],
    ])
    const seconds = (performance.now() - startedAt) / 1_000
    assert.ok(seconds < 60, `${seconds} s from an empty folder to the result`)
    const table = await millrace('consume', 'word_sums', '--from', 'beginning', '--max', '1')
    assert.match(table, /"words":40,"messages":20/)
  })

  it('results come from their stream alone: an event from outside is refused, whoever sends it', async () => {
    const made = { window_start: '2026-01-01T00:00:00Z', words: 1, messages: 1 }
    const { status, body } = await postJson<{ code: string; detail: string }>(
      instance.url,
      '/v1/topics/word_sums/events',
      made,
    )
    assert.deepEqual([status, body.code], [403, 'INGEST_RESULT_TOPIC'])
    assert.match(body.detail, /word_sums .*test-topic/)
    // What a cluster takes is its own affair.
    if (world.kafka !== undefined) return
    const producer = kafka().producer({ retry: { retries: 0 } })
    await producer.connect()
    const messages = [{ value: JSON.stringify(made) }]
    await assert.rejects(
      producer.send({ topic: 'word_sums', messages }),
      /INVALID_TOPIC|invalid topic/i,
    )
    await producer.disconnect()
    assert.deepEqual(await sql('select count(*) from word_sums where words = 1'), [[0]])
  })

  it('S3.6: what is late by less than the lateness counts, what is later is counted as late', async () => {
    const before = (await stream('word_sums'))?.dropped.late ?? 0
    const window = Math.floor(Date.now() / SIZE_MS) * SIZE_MS + 30 * SIZE_MS
    const word = (at: number): object => ({ time: window + at, msg: 'late' })
    // One partition each: a key is the time.
    for (const at of [11_000, 11_500, 9_500, 9_800]) await send('test-topic', word(at))
    for (const at of [42_000, 42_100, 42_200, 42_300]) await send('test-topic', word(at))
    await send('test-topic', word(-20_000), word(-20_001))
    await until('two are late', async () =>
      (await stream('word_sums'))?.dropped.late === before + 2 ? true : undefined,
    )
    const sums = await until('the window is closed', async () => {
      const rows = await sql(
        `select words from word_sums where epoch_ms(window_start) in (${window}, ${window + SIZE_MS}) order by window_start`,
      )
      return rows.length === 2 ? rows : undefined
    })
    assert.deepEqual(sums, [[2], [2]])
    assert.match(await millrace('streams', 'list'), /word_sums +test-topic/)
  })

  it('S3.3: `demo hello` sends two messages a second, and two consumers of a group share them', async () => {
    const seen = new Map<string, Set<number>>()
    const consumers = await Promise.all(['a', 'b'].map((name) => consume(name, seen)))
    await until('each consumer has a partition', () => (seen.size === 2 ? true : undefined))
    const began = performance.now()
    assert.match(await millrace('demo', 'hello', '--max', '7'), /7 messages to test-topic/)
    const tookMs = performance.now() - began
    assert.ok(tookMs >= 2_900, `7 messages took ${tookMs} ms`)
    const partitions = [...seen.values()].flatMap((of) => [...of])
    assert.deepEqual(
      partitions.toSorted((a, b) => a - b),
      [0, 1],
    )
    for (const consumer of consumers) await consumer.disconnect()
  })

  it('S3.1: one command started all of it, and doctor finds nothing wrong', async () => {
    // Of a cluster with one broker it rightly says that a broker may lose events.
    if (world.kafka !== undefined) return
    const said = await millrace('doctor', '--data-dir', world.dataDir)
    assert.match(said, /^ok {2}instance: streaming-ml/m)
    assert.doesNotMatch(said, /^NOT/m)
  })

  it('S3.13: a message to a topic that is not there makes it; a reset says what it would delete', async () => {
    await millrace('demo', 'hello', '--topic', 'greetings', '--max', '2', '--rate', 'unlimited')
    assert.match(await millrace('topics', 'describe', 'greetings'), /greetings: 2 records/)
    const results = Number((await sql('select count(*) from word_sums'))[0]?.[0])
    assert.equal(await instance.stop(), 0, instance.output())
    const reset = (...more: string[]): Promise<{ stdout: string; stderr: string }> =>
      promisify(execFile)(process.execPath, [MAIN, 'reset', '--data-dir', world.dataDir, ...more])
    await assert.rejects(reset(), (error: Error & { stderr: string; stdout: string }) =>
      (error.stderr + error.stdout).includes('--yes'),
    )
    await reset('--yes')
    await start()
    // A cluster keeps the events, so there the same table comes again.
    const wanted = world.kafka === undefined ? 0 : results
    await until('the table is as the log says', async () => {
      const [[rows] = []] = await sql('select count(*) from word_sums')
      return Number(rows) === 0 && wanted === 0
        ? true
        : Number(rows) >= wanted && wanted > 0
          ? true
          : undefined
    })
  })

  function kafka(): Kafka {
    const [, own = ''] = /kafka +(\S+:\d+)/.exec(instance.output()) ?? []
    return new Kafka({ brokers: [world.kafka ?? own], logLevel: logLevel.NOTHING })
  }

  /** Notes the partitions that the consumer is given. */
  async function consume(name: string, seen: Map<string, Set<number>>): Promise<Consumer> {
    const consumer = kafka().consumer({ groupId: 'simple' })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const partitions = payload.memberAssignment['test-topic'] ?? []
      if (partitions.length > 0) seen.set(name, new Set(partitions))
      else seen.delete(name)
    })
    await consumer.connect()
    await consumer.subscribe({ topics: ['test-topic'], fromBeginning: true })
    await consumer.run({ eachMessage: async () => {} })
    return consumer
  }
}
