/**
 * The broker's suite over a raw connection: guarantees B1 to B4 and B7 to B10 of `broker.ts`; B5 and B6 are in
 * `broker-groups.conformance.ts`. A list of checks free of any test runner.
 */
import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../core/index.ts'
import { apiVersions } from './apis/api-versions.ts'
import { createTopics } from './apis/create-topics.ts'
import { deleteTopics } from './apis/delete-topics.ts'
import { fetch } from './apis/fetch.ts'
import { findCoordinator } from './apis/find-coordinator.ts'
import { initProducerId } from './apis/init-producer-id.ts'
import { listOffsets } from './apis/list-offsets.ts'
import { metadata } from './apis/metadata.ts'
import { produce } from './apis/produce.ts'
import type { BrokerWorld, WorldOptions } from './broker-world.testing.ts'
import { kafkaError } from './protocol/kafka-errors.ts'
import { batchOf, TIMESTAMP, valuesIn } from './record-batch.testing.ts'
import {
  coordinatorRequest,
  fetchOne,
  fetchRequest,
  makeTopic,
  metadataRequest,
  produceOne,
  produceRequest,
} from './requests.testing.ts'
import { readResponse, type WireClient } from './wire-client.testing.ts'

export type MakeBrokerWorld = (options?: WorldOptions) => Promise<BrokerWorld>

type Run = (world: BrokerWorld, client: WireClient) => Promise<void>

/** Runs in a world of its own with one connection and the topic `t`. */
export const inBrokerWorld =
  (make: MakeBrokerWorld) =>
  (guarantee: string, name: string, run: Run, options?: WorldOptions): ConformanceCheck => ({
    guarantee,
    name,
    async run() {
      await using world = await make(options)
      await world.log.createTopic({ name: 't' })
      await run(world, await world.connect())
    },
  })

type Check = ReturnType<typeof inBrokerWorld>

export function brokerConformance(make: MakeBrokerWorld): ConformanceCheck[] {
  const check = inBrokerWorld(make)
  return [
    ...produceChecks(check),
    ...orderChecks(check),
    ...fetchChecks(check),
    ...topicChecks(check),
    ...refusalChecks(check),
  ]
}

const produceChecks = (check: Check): ConformanceCheck[] => [
  check('B1', 'acknowledged records survive a kill, compressed ones too', async (world, client) => {
    assert.equal((await produceOne(client, batchOf(['a', 'b']))).baseOffset, 0)
    assert.equal((await produceOne(client, batchOf(['c'], { gzip: true }))).baseOffset, 2)
    await world.reopen('killed')
    const again = await world.connect()
    const { records, end } = await fetchOne(again, 0)
    assert.deepEqual(valuesIn(records), ['0=a', '1=b', '2=c'])
    assert.equal(end, 3)
    const seen: string[] = []
    for await (const batch of world.log.read('t', 0, 0)) {
      for (const { value } of batch.records) seen.push(Buffer.from(value ?? []).toString())
    }
    assert.deepEqual(seen, ['a', 'b', 'c'])
  }),
  check('B1', 'a batch is fetched byte for byte as it was sent', async (_world, client) => {
    const sent = Buffer.from(batchOf(['x'.repeat(10_000), 'y'], { gzip: true }))
    await produceOne(client, Uint8Array.from(sent))
    const { records } = await fetchOne(client, 0)
    // Base offset and leader epoch are the broker's.
    sent.writeInt32BE(0, 12)
    assert.equal(Buffer.compare(sent, records ?? Buffer.alloc(0)), 0)
  }),
  check('B1', 'acks 0 is stored and not answered', async (_world, client) => {
    client.send(produce, 7, produceRequest([batchOf(['a'])], { acks: 0 }))
    const answer = await client.call(apiVersions, 0, software)
    assert.equal(answer.errorCode, 0)
    assert.deepEqual(valuesIn((await fetchOne(client, 0, { maxWaitMs: 5_000 })).records), ['0=a'])
  }),
  check('B2', 'an idempotent batch is stored once, also over a kill', async (world, client) => {
    const wanted = { transactionalId: null, transactionTimeoutMs: -1 }
    const fresh = { ...wanted, producerId: -1, producerEpoch: -1 }
    const { producerId, producerEpoch: epoch } = await client.call(initProducerId, 4, fresh)
    const send = (to: WireClient, sequence: number) =>
      produceOne(to, batchOf(['a', 'b'], { producerId, epoch, sequence }))
    assert.equal((await send(client, 0)).baseOffset, 0)
    assert.equal((await send(client, 0)).baseOffset, 0)
    assert.equal((await send(client, 2)).baseOffset, 2)
    assert.equal((await send(client, 8)).errorCode, kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
    await world.reopen('killed')
    const again = await world.connect()
    assert.equal((await send(again, 2)).baseOffset, 2)
    assert.equal((await send(again, 4)).baseOffset, 4)
    const other = await again.call(initProducerId, 4, fresh)
    assert.notEqual(other.producerId, producerId)
    assert.equal((await fetchOne(again, 0)).end, 6)
  }),
]

const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }

const orderChecks = (check: Check): ConformanceCheck[] => [
  check('B3', 'a hundred requests at once are answered in their order', async (_world, client) => {
    const sent: { id: number; isProduce: boolean }[] = []
    for (let index = 0; index < 100; index++) {
      const isProduce = index % 7 !== 3
      const id = isProduce
        ? client.send(produce, 7, produceRequest([batchOf([`v${index}`])]))
        : client.send(metadata, 5, metadataRequest(['t']))
      sent.push({ id, isProduce })
    }
    const offsets: number[] = []
    for (const { id, isProduce } of sent) {
      const frame = await client.next()
      assert.ok(frame)
      if (isProduce) {
        const { topics } = readResponse(produce, 7, id, frame)
        offsets.push(topics[0]!.partitions[0]!.baseOffset)
      } else readResponse(metadata, 5, id, frame)
    }
    assert.deepEqual(
      offsets,
      offsets.map((_, index) => index),
    )
  }),
]

const fetchChecks = (check: Check): ConformanceCheck[] => [
  check('B4', 'a fetch at the end waits for the next record', async (world, client) => {
    const waiting = fetchOne(client, 0, { maxWaitMs: 30_000 })
    const other = await world.connect()
    await produceOne(other, batchOf(['a']))
    assert.deepEqual(valuesIn((await waiting).records), ['0=a'])
  }),
  check('B4', 'a fetch waits for its minimum, or until its time is over', async (world, client) => {
    const size = batchOf(['a']).length
    const waiting = fetchOne(client, 0, { maxWaitMs: 30_000, minBytes: 3 * size })
    const other = await world.connect()
    for (const value of ['a', 'b', 'c']) await produceOne(other, batchOf([value]))
    assert.deepEqual(valuesIn((await waiting).records), ['0=a', '1=b', '2=c'])
    const short = await fetchOne(client, 0, { maxWaitMs: 20, minBytes: 500_000 })
    assert.equal(valuesIn(short.records).length, 3)
  }),
  check('B4', 'a fetch stays under its bounds in whole batches', async (_world, client) => {
    const size = batchOf(['aa']).length
    for (const value of ['aa', 'bb', 'cc']) await produceOne(client, batchOf([value]))
    const take = async (more: object): Promise<string[]> =>
      valuesIn((await fetchOne(client, 0, more)).records)
    assert.deepEqual(await take({ partitionMaxBytes: 2 * size + 1 }), ['0=aa', '1=bb'])
    assert.deepEqual(await take({ maxBytes: size }), ['0=aa'])
    assert.deepEqual(await take({ maxBytes: 1 }), ['0=aa'], 'one batch, or nobody gets on')
  }),
  check('B4', 'an offset that is not there is told at once', async (_world, client) => {
    await produceOne(client, batchOf(['a']))
    const { errorCode } = await fetchOne(client, 7, { maxWaitMs: 30_000 })
    assert.equal(errorCode, kafkaError.OFFSET_OUT_OF_RANGE)
    const missing = await fetchOne(client, 0, { topic: 'nothing', maxWaitMs: 30_000 })
    assert.equal(missing.errorCode, kafkaError.UNKNOWN_TOPIC_OR_PARTITION)
  }),
  check('B4', 'a topic that goes ends a fetch that waits on it', async (world, client) => {
    const waiting = fetchOne(client, 0, { maxWaitMs: 30_000 })
    await world.log.deleteTopic('t')
    assert.equal((await waiting).errorCode, kafkaError.UNKNOWN_TOPIC_OR_PARTITION)
  }),
  check('B4', 'offsets are found by time', async (_world, client) => {
    await produceOne(client, batchOf(['a', 'b', 'c']))
    const find = async (timestamp: number): Promise<[number, number]> => {
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }]
      const topics = [{ name: 't', partitions }]
      const wanted = { replicaId: -1, isolationLevel: 0, topics }
      const answer = await client.call(listOffsets, 5, wanted)
      const { offset, timestamp: found } = answer.topics[0]!.partitions[0]!
      return [offset, found]
    }
    assert.deepEqual(await find(-2), [0, -1])
    assert.deepEqual(await find(-1), [3, -1])
    assert.deepEqual(await find(TIMESTAMP + 1), [1, TIMESTAMP + 1])
    assert.deepEqual(await find(TIMESTAMP + 99), [-1, -1])
  }),
]

const topicChecks = (check: Check): ConformanceCheck[] => [
  check('B7', 'topics of clients and of the log are the same ones', async (world, client) => {
    assert.equal(await makeTopic(client, 'made', 3), 0)
    assert.equal(await makeTopic(client, 'made', 3), kafkaError.TOPIC_ALREADY_EXISTS)
    assert.equal((await world.log.topic('made')).partitions.length, 3)
    await world.log.append('made', [
      { key: null, value: Buffer.from('x'), headers: [], timestamp: 0, partition: 2 },
    ])
    const { records } = await fetchOne(client, 0, { topic: 'made', partition: 2 })
    assert.deepEqual(valuesIn(records), ['0=x'])
    const gone = { topics: [], topicNames: ['made', 'nothing'], timeoutMs: 1_000 }
    const codes = (await client.call(deleteTopics, 3, gone)).responses.map((one) => one.errorCode)
    assert.deepEqual(codes, [0, kafkaError.UNKNOWN_TOPIC_OR_PARTITION])
    await assert.rejects(world.log.topic('made'))
  }),
  check('B7', 'a topic is created on first use, unless the client says no', async (_w, client) => {
    const codes = async (name: string, mayCreate: boolean): Promise<number[]> => {
      const { topics } = await client.call(metadata, 9, metadataRequest([name], mayCreate))
      return topics.map(({ errorCode, partitions }) => errorCode * 10 + partitions.length)
    }
    assert.deepEqual(await codes('new', false), [kafkaError.UNKNOWN_TOPIC_OR_PARTITION * 10])
    assert.deepEqual(await codes('new', true), [1])
    assert.deepEqual(await codes('not a name', true), [kafkaError.INVALID_TOPIC_EXCEPTION * 10])
    const all = await client.call(metadata, 9, metadataRequest(null))
    assert.ok(all.topics.some(({ name }) => name === 'new'))
    assert.equal((await client.call(metadata, 9, metadataRequest([]))).topics.length, 0)
  }),
  check(
    'B7',
    'creation on first use can be switched off',
    async (_world, client) => {
      const { topics } = await client.call(metadata, 4, metadataRequest(['new']))
      assert.equal(topics[0]?.errorCode, kafkaError.UNKNOWN_TOPIC_OR_PARTITION)
    },
    { autoCreateTopics: false },
  ),
  check('B7', 'topics of ours are read, not written', async (_world, client) => {
    const topic = '__millrace-broker'
    const { errorCode } = await produceOne(client, batchOf(['a']), { topic })
    assert.equal(errorCode, kafkaError.INVALID_TOPIC_EXCEPTION)
    assert.equal((await fetchOne(client, 0, { topic })).errorCode, 0)
    assert.equal(await makeTopic(client, '__millrace-x'), kafkaError.INVALID_TOPIC_EXCEPTION)
    assert.equal(await makeTopic(client, '__millrace-shop.x'), kafkaError.NONE)
  }),
  check(
    'B9',
    'topics and partitions have limits',
    async (_world, client) => {
      assert.equal(await makeTopic(client, 'a', 3), 0)
      assert.equal(await makeTopic(client, 'b', 5), kafkaError.POLICY_VIOLATION)
      assert.equal(await makeTopic(client, 'b', 1), 0)
      const { topics } = await client.call(metadata, 4, metadataRequest(['c']))
      assert.equal(topics[0]?.errorCode, kafkaError.POLICY_VIOLATION)
    },
    { limits: { topics: 4, partitions: 7 } },
  ),
]

const refusalChecks = (check: Check): ConformanceCheck[] => [
  check('B8', 'ApiVersions of the future is answered as version 0', async (_world, client) => {
    // Key 18, version 99, correlation id 5, no client id: a header that every version shares.
    client.write(Buffer.from('0000000a 0012 0063 00000005 ffff'.replaceAll(' ', ''), 'hex'))
    const frame = await client.next()
    assert.ok(frame)
    const answer = readResponse(apiVersions, 0, 5, frame)
    assert.equal(answer.errorCode, kafkaError.UNSUPPORTED_VERSION)
    const listed = await client.call(apiVersions, 3, software)
    assert.deepEqual(answer.apiKeys, listed.apiKeys)
    assert.ok(
      listed.apiKeys.every(({ apiKey }) => apiKey < 24 || apiKey > 28),
      'no transactions',
    )
  }),
  check('B8', 'what is no request ends its connection and nothing else', async (world, client) => {
    const garbage = [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      Buffer.from('16030100aa', 'hex'),
      Buffer.from('00000004 00000000', 'hex'),
      Buffer.from('7fffffff', 'hex'),
      Buffer.from('0000000a 0000 0063 00000005 ffff'.replaceAll(' ', ''), 'hex'),
      Buffer.from('0000000a 03e8 0000 00000005 ffff'.replaceAll(' ', ''), 'hex'),
      Buffer.from('0000000c 0003 0004 00000005 ffff 7fff'.replaceAll(' ', ''), 'hex'),
    ]
    for (const bytes of garbage) {
      const other = await world.connect()
      other.write(Buffer.from(bytes))
      await other.closed()
    }
    assert.equal((await client.call(apiVersions, 0, software)).errorCode, 0)
    assert.ok(world.lines.some((line) => line.includes('this is HTTP')))
    assert.ok(world.lines.some((line) => line.includes('this is TLS')))
  }),
  check('B8', 'batches that cannot be stored are refused by name', async (_world, client) => {
    const torn = batchOf(['a'])
    torn[65]! ^= 1
    assert.equal((await produceOne(client, torn)).errorCode, kafkaError.CORRUPT_MESSAGE)
    const old = batchOf(['a'])
    old[16] = 1
    const { UNSUPPORTED_FOR_MESSAGE_FORMAT, MESSAGE_TOO_LARGE, INVALID_RECORD } = kafkaError
    assert.equal((await produceOne(client, old)).errorCode, UNSUPPORTED_FOR_MESSAGE_FORMAT)
    const large = batchOf(['x'.repeat(1_100_000)])
    assert.equal((await produceOne(client, large)).errorCode, MESSAGE_TOO_LARGE)
    const none = await produceOne(client, new Uint8Array(0))
    assert.equal(none.errorCode, INVALID_RECORD)
    assert.equal((await produceOne(client, batchOf(['a']))).baseOffset, 0)
  }),
  check('B8', 'transactions are refused with a sentence', async (_world, client) => {
    const found = await client.call(findCoordinator, 4, coordinatorRequest(1))
    assert.match(found.coordinators[0]?.errorMessage ?? '', /transactions are not supported/)
    const wanted = {
      transactionalId: 'x',
      transactionTimeoutMs: 1,
      producerId: -1,
      producerEpoch: -1,
    }
    const { errorCode } = await client.call(initProducerId, 3, wanted)
    assert.equal(errorCode, kafkaError.INVALID_REQUEST)
    const request = { ...produceRequest([batchOf(['a'])]), transactionalId: 'x' }
    const answer = await client.call(produce, 9, request)
    assert.equal(answer.topics[0]?.partitions[0]?.errorCode, kafkaError.INVALID_REQUEST)
  }),
  check('B8', 'settings that would not be kept are refused by name', async (_world, client) => {
    const make = async (name: string, value: string, replicationFactor = 1): Promise<string> => {
      const topic = { name: 'x', numPartitions: 1, replicationFactor, assignments: [] }
      const topics = [{ ...topic, configs: [{ name, value }] }]
      const wanted = { topics, timeoutMs: 1_000, validateOnly: true }
      const [answer] = (await client.call(createTopics, 5, wanted)).topics
      return `${answer!.errorCode} ${answer!.errorMessage}`
    }
    assert.match(await make('retention.ms', '1000'), /^0 /)
    assert.match(await make('retention.ms', 'soon'), /^40 retention.ms=soon/)
    assert.match(await make('cleanup.policy', 'compact,delete'), /^40 /)
    assert.match(await make('min.insync.replicas', '2'), /^40 /)
    assert.match(await make('no.such.setting', '1'), /^40 there is no setting no.such.setting/)
    assert.match(await make('retention.ms', '1000', 3), /^38 .*use 1/)
  }),
  check('B8', 'a fetch session is not kept', async (_world, client) => {
    const request = { ...fetchRequest(0), sessionId: 77, sessionEpoch: 3 }
    const answer = await client.call(fetch, 12, request)
    assert.equal(answer.errorCode, kafkaError.FETCH_SESSION_ID_NOT_FOUND)
    assert.equal((await client.call(fetch, 12, fetchRequest(0))).sessionId, 0)
  }),
]
