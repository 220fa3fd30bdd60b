/**
 * What others do to an app's topics on Apache Kafka: partitions added, a topic deleted and made again, retention ahead of
 * the reader, offsets reset, records of every odd kind. Never a silent skip: a named error, a dead letter, a line in the
 * ledger.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners, type Message } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { z } from 'zod'
import { readDeadLetter, type LogRecord } from '../../src/core/index.ts'
import { openLog, type Log } from '../../src/log/index.ts'
import { defineApp, startApp, topic, type RunningApp } from '../../src/index.ts'
import { until } from '../e2e/instance.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'
import { kafkaTool } from './kafka-tools.ts'

let cluster: KafkaCluster
let root: string
let plain: Log
let running: RunningApp | undefined

beforeAll(async () => {
  cluster = await startKafka()
  root = await mkdtemp(join(tmpdir(), 'millrace-surgery-'))
  plain = await openLog({ dir: root, url: `kafka://${cluster.bootstrap}`, env: {} })
})
afterEach(async () => {
  await running?.stop()
  running = undefined
})
afterAll(async () => {
  await plain.close()
  await cluster.close()
  await rm(root, { recursive: true, force: true })
})

/** An app with one topic of its name, whose rows are batches by ten or by a flush. */
async function start(name: string): Promise<RunningApp> {
  const app = defineApp({
    name,
    topics: {
      [name]: topic({ schema: z.object({ n: z.int() }), batch: { rows: 10, idle: '1h' } }),
    },
  })
  const log = `kafka://${cluster.bootstrap}?metadata.max.age.ms=300&heartbeat.interval.ms=100`
  running = await startApp(app, { dataDir: join(root, name), log })
  return running
}

const stop = async (): Promise<void> => {
  await running?.stop()
  running = undefined
}

const append = (name: string, numbers: readonly number[], partition = 0): Promise<unknown> =>
  plain.append(
    name,
    numbers.map((n) => ({
      key: null,
      value: Buffer.from(`{"n":${n}}`),
      headers: [],
      timestamp: 0,
      partition,
    })),
  )

const rowsOf = async (app: RunningApp, name: string): Promise<readonly unknown[]> => {
  await app.sinks.get(name)!.flush()
  const { rows } = await app.query.run(`select n from ${name} order by n`)
  return rows.map(([n]) => n)
}

const five = [0, 1, 2, 3, 4]

/** Of Kafka's own tools. */
const remake = (...action: string[]): string[] => [
  '--bootstrap-server',
  cluster.bootstrap,
  '--topic',
  'remade',
  ...action,
]

describe('surgery on topics', () => {
  it('E9: partitions that are added are read', async () => {
    const app = await start('grown')
    await append('grown', five)
    await plain.addPartitions('grown', 2)
    await append('grown', [10, 11], 1)
    assert.deepEqual(await rowsOf(app, 'grown'), [...five, 10, 11])
    assert.equal((await app.ledger('grown')).difference, 0)
    await stop()
    await assert.rejects(start('grown'), {
      code: 'LOG_TOPIC_EXISTS',
      message: /partitions 2, wanted 1/,
    })
  })

  it('E9: offsets that are reset change nothing: the boundaries are the truth', async () => {
    const first = await start('rewound')
    await append('rewound', five)
    assert.deepEqual(await rowsOf(first, 'rewound'), five)
    await stop()
    const group = '__millrace-rewound.sink-rewound'
    await plain.resetGroup(group, [{ topic: 'rewound', partition: 0, offset: 0 }])
    await append('rewound', [5])
    const again = await start('rewound')
    assert.deepEqual(await rowsOf(again, 'rewound'), [...five, 5])
    assert.equal((await again.ledger('rewound')).difference, 0)
  })

  it('E9, P9: records that retention took before they were read stop the table, and are in the ledger', async () => {
    const first = await start('expired')
    await append('expired', five)
    assert.deepEqual(await rowsOf(first, 'expired'), five)
    await stop()
    await append('expired', [5, 6, 7, 8, 9])
    const file = join(root, 'delete.json')
    const partitions = [{ topic: 'expired', partition: 0, offset: 8 }]
    await writeFile(file, JSON.stringify({ partitions, version: 1 }))
    const where = ['--bootstrap-server', cluster.bootstrap, '--offset-json-file', file]
    await kafkaTool('kafka-delete-records', where)
    const again = await start('expired')
    await assert.rejects(rowsOf(again, 'expired'), {
      code: 'LAKE_OUT_OF_ORDER',
      message: /retention removed/,
    })
    const ledger = await again.ledger('expired')
    assert.deepEqual([ledger.difference, ledger.balanced], [3, false])
  })

  it('E9: a topic that was deleted and made again stops its table, and the door, with a named error', async () => {
    const app = await start('remade')
    await append('remade', five)
    assert.deepEqual(await rowsOf(app, 'remade'), five)
    await kafkaTool('kafka-topics', remake('--delete'))
    await kafkaTool('kafka-topics', remake('--create'))
    // More of them than there were, so that every offset of before is there again.
    await kafkaTool('kafka-console-producer', remake(), '{"n":7}\n'.repeat(20))
    const replaced = { code: 'LOG_TOPIC_REPLACED', message: /"remade" was deleted and made again/ }
    const failure = await until(
      'the table says it',
      () => {
        const found = app.sinks.get('remade')!.failure()
        return found?.message.includes('made again') === true ? found : undefined
      },
      60_000,
    )
    assert.match(failure.message, replaced.message)
    await assert.rejects(rowsOf(app, 'remade'), replaced)
    const readiness = await app.readiness()
    for (const role of ['ingest', 'query']) {
      const { ready, waiting } = readiness.find((one) => one.role === role)!
      assert.deepEqual([ready, /made again/.test(waiting.join())], [false, true], role)
    }
    await assert.rejects(app.log.append('remade', []), replaced)
    await stop()
    const behind = { code: 'STREAM_LOG_BEHIND', message: /"remade" was deleted and made again/ }
    await assert.rejects(start('remade'), behind)
  })
})

describe('records of other clients', () => {
  const client = (): Kafka =>
    new Kafka({ brokers: [cluster.bootstrap], logLevel: logLevel.NOTHING })

  const send = async (name: string, messages: Message[]): Promise<void> => {
    const producer = client().producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    await producer.send({ topic: name, messages })
    await producer.disconnect()
  }

  it('P8: H21, what is no row is a dead letter with its original bytes', async () => {
    const admin = client().admin()
    await admin.connect()
    // As a topic may be that was there before: it takes more than an app of ours would.
    const configEntries = [{ name: 'max.message.bytes', value: '20000000' }]
    await admin.createTopics({ topics: [{ topic: 'odd', configEntries }] })
    await admin.disconnect()
    const headers = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, at) => [`h${at}`, 'xxxxxxxx']),
    )
    const bad: Message[] = [
      { value: '' },
      { key: 'tombstone', value: null },
      { value: Buffer.alloc(10_000_000, 'x') },
      { value: '{}', headers },
      { value: '[]', timestamp: '-5' },
      { value: Buffer.from([0xff, 0xfe, 0x00]) },
      { value: '{"n":9007199254740993}' },
    ]
    const app = await start('odd')
    await send('odd', [{ value: '{"n":1}' }, ...bad, { value: '{"n":2}' }])
    assert.deepEqual(await rowsOf(app, 'odd'), [1, 2])
    const letters: LogRecord[] = []
    for await (const { records } of plain.read('odd.dead-letters', 0, 0)) letters.push(...records)
    assert.deepEqual(
      letters.map(({ headers: facts }) => readDeadLetter(facts)?.offset),
      [1, 2, 3, 4, 5, 6, 7],
    )
    for (const [at, { value }] of bad.entries()) {
      const kept = letters[at]!.value
      const isSame =
        value === null ? kept === null : Buffer.from(kept ?? '').equals(Buffer.from(value))
      assert.ok(isSame, `record ${at}`)
    }
    assert.equal(letters[3]!.headers.filter(({ key }) => /^h\d+$/.test(key)).length, 10_000)
    assert.equal((await app.ledger('odd')).difference, 0)
  })
})
