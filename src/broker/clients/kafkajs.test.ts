/** kafkajs against the broker: produce, consume, two members of a group, admin. */
import {
  ConfigResourceTypes,
  Kafka,
  logLevel,
  Partitioners,
  type Consumer,
  type KafkaConfig,
} from 'kafkajs'
import { expect, test } from 'vitest'
import { makeBrokerWorld, type BrokerWorld } from '../broker-world.testing.ts'

const connectTo = (world: BrokerWorld, more: Partial<KafkaConfig> = {}): Kafka =>
  new Kafka({ brokers: [world.bootstrap], clientId: 'test', logLevel: logLevel.NOTHING, ...more })

const send = async (kafka: Kafka, topic: string, values: readonly string[]): Promise<void> => {
  const options = { createPartitioner: Partitioners.DefaultPartitioner, idempotent: true }
  const producer = kafka.producer({ ...options, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ key: value, value })) })
  await producer.disconnect()
}

interface Member {
  readonly consumer: Consumer
  readonly values: string[]
  /** Partitions of each assignment, the newest last. */
  readonly assignments: number[][]
}

async function join(kafka: Kafka, onValue: () => void): Promise<Member> {
  const timeouts = { sessionTimeout: 6_000, heartbeatInterval: 100, maxWaitTimeInMs: 100 }
  const consumer = kafka.consumer({ groupId: 'g', ...timeouts })
  const values: string[] = []
  const assignments: number[][] = []
  consumer.on('consumer.group_join', ({ payload }) => {
    assignments.push(payload.memberAssignment['t'] ?? [])
    onValue()
  })
  await consumer.connect()
  await consumer.subscribe({ topics: ['t'], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value?.toString() ?? '')
      onValue()
    },
  })
  return { consumer, values, assignments }
}

/** Resolves when `isDone`, looked at whenever something happened. */
function makeCondition(): {
  readonly changed: () => void
  readonly until: (isDone: () => boolean) => Promise<void>
} {
  let look = (): void => {}
  return {
    changed: () => look(),
    until: (isDone) =>
      new Promise((resolve) => {
        look = () => {
          if (isDone()) resolve()
        }
        look()
      }),
  }
}

const numbers = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

test('two members share the partitions, and the group resumes where it was', async () => {
  await using world = await makeBrokerWorld()
  await world.log.createTopic({ name: 't', partitions: 4 })
  const kafka = connectTo(world)
  const { changed, until } = makeCondition()
  const one = await join(kafka, changed)
  await until(() => one.assignments.at(-1)?.length === 4)
  const two = await join(kafka, changed)
  await until(() => [one, two].every(({ assignments }) => assignments.at(-1)?.length === 2))

  const sent = numbers(200, 'a')
  await send(kafka, 't', sent)
  await until(() => one.values.length + two.values.length >= 200)
  expect([...one.values, ...two.values].toSorted()).toEqual(sent.toSorted())
  expect(Math.min(one.values.length, two.values.length)).toBeGreaterThan(0)

  await two.consumer.disconnect()
  await until(() => one.assignments.at(-1)?.length === 4)
  await one.consumer.disconnect()
  await send(kafka, 't', ['late'])
  const three = await join(kafka, changed)
  await until(() => three.values.length > 0)
  expect(three.values).toEqual(['late'])
  await three.consumer.disconnect()
})

test('the admin creates, lists, grows, describes and deletes', async () => {
  await using world = await makeBrokerWorld()
  const kafka = connectTo(world)
  const admin = kafka.admin()
  await admin.connect()
  const wanted = {
    topic: 't',
    numPartitions: 2,
    configEntries: [{ name: 'retention.ms', value: '9' }],
  }
  expect(await admin.createTopics({ topics: [wanted] })).toBe(true)
  expect((await world.log.topic('t')).config.retentionMs).toBe(9)
  await admin.createPartitions({ topicPartitions: [{ topic: 't', count: 3 }] })
  const { topics } = await admin.fetchTopicMetadata({ topics: ['t'] })
  expect(topics[0]?.partitions).toHaveLength(3)
  const { resources } = await admin.describeConfigs({
    resources: [{ type: ConfigResourceTypes.TOPIC, name: 't' }],
    includeSynonyms: false,
  })
  const retention = resources[0]?.configEntries.find(
    ({ configName }) => configName === 'retention.ms',
  )
  expect(retention?.configValue).toBe('9')
  await send(kafka, 't', ['x'])
  await world.log.resetGroup('g', [{ topic: 't', partition: 0, offset: 0 }])
  expect((await admin.listGroups()).groups).toEqual([{ groupId: 'g', protocolType: 'consumer' }])
  await admin.deleteGroups(['g'])
  expect(await world.log.groups()).toEqual([])
  await admin.deleteTopics({ topics: ['t'] })
  expect(await admin.listTopics()).not.toContain('t')
  await admin.disconnect()
})

test('a transaction is refused, not half done', async () => {
  await using world = await makeBrokerWorld()
  const kafka = connectTo(world, { retry: { retries: 1, initialRetryTime: 1 } })
  const options = { transactionalId: 'x', idempotent: true, maxInFlightRequests: 1 }
  const producer = kafka.producer({
    ...options,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  await expect(producer.transaction()).rejects.toThrow()
  await producer.disconnect()
})
