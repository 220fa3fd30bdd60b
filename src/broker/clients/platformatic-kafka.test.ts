/** @platformatic/kafka against the broker: its own producer and consumer, of which the Kafka driver uses only the lower half. */
import {
  Admin,
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { makeBrokerWorld, type BrokerWorld } from '../broker-world.testing.ts'

const base = (world: BrokerWorld) => ({ clientId: 'test', bootstrapBrokers: [world.bootstrap] })

test.each(['none', 'gzip', 'snappy', 'lz4'] as const)(
  'an idempotent producer with %s, and a group that reads everything once',
  async (compression) => {
    await using world = await makeBrokerWorld()
    await world.log.createTopic({ name: 't', partitions: 2 })
    const producer = new Producer({
      ...base(world),
      serializers: stringSerializers,
      idempotent: true,
    })
    const sent = Array.from({ length: 100 }, (_, index) => `v${index}`)
    const messages = sent.map((value) => ({ topic: 't', key: value, value, headers: { h: 'x' } }))
    await producer.send({ compression, messages })
    await producer.close()

    const consumer = new Consumer({
      ...base(world),
      groupId: 'g',
      deserializers: stringDeserializers,
    })
    const stream = await consumer.consume({
      topics: ['t'],
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode: MessagesStreamFallbackModes.EARLIEST,
      maxWaitTime: 100,
      autocommit: false,
    })
    const values: string[] = []
    for await (const message of stream) {
      values.push(message.value ?? '')
      await message.commit()
      if (values.length === sent.length) break
    }
    await stream.close()
    await consumer.close()
    expect(values.toSorted()).toEqual(sent.toSorted())
    const [group] = await world.log.groups()
    expect(group?.offsets.reduce((sum, { committed }) => sum + committed, 0)).toBe(100)
  },
)

test('its admin creates, describes and deletes', async () => {
  await using world = await makeBrokerWorld()
  const admin = new Admin(base(world))
  await admin.createTopics({ topics: ['t'], partitions: 3, replicas: 1 })
  expect((await world.log.topic('t')).partitions).toHaveLength(3)
  expect(await admin.listTopics()).toEqual(['t'])
  await admin.deleteTopics({ topics: ['t'] })
  expect(await admin.listTopics()).toEqual([])
  await admin.close()
})
