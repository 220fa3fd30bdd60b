/** kafka-python and confluent-kafka on our broker. Skips, and says why, without Python or without PyPI at the first run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeBrokerWorld, type BrokerWorld } from '../../src/broker/broker-world.testing.ts'
import { missingForPython, runPython } from './python-packages.ts'

/** Each program takes the broker's address, sends 500 keyed records with a codec, and reads them as a member of a group. */
const KAFKA_PYTHON = `
import sys
from kafka import KafkaProducer, KafkaConsumer, KafkaAdminClient
from kafka.admin import NewTopic
server, topic, codec = sys.argv[1:4]
admin = KafkaAdminClient(bootstrap_servers=server)
admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])
producer = KafkaProducer(bootstrap_servers=server, acks='all', compression_type=None if codec == 'none' else codec)
for i in range(500):
    producer.send(topic, key=b'k%d' % i, value=b'v%d' % i, headers=[('h', b'x')])
producer.flush()
producer.close()
def read(count):
    consumer = KafkaConsumer(topic, bootstrap_servers=server, group_id='py-' + topic, auto_offset_reset='earliest',
        enable_auto_commit=False, consumer_timeout_ms=20000)
    values = []
    for record in consumer:
        values.append(record.value.decode())
        if len(values) >= count: break
    consumer.commit()
    consumer.close()
    return values
print(len(set(read(500))))
producer = KafkaProducer(bootstrap_servers=server)
producer.send(topic, b'late').get(10)
producer.close()
print(read(1)[0])
print(topic in admin.list_topics())
`

const CONFLUENT = `
import sys
from confluent_kafka import Producer, Consumer
from confluent_kafka.admin import AdminClient, NewTopic
server, topic, codec = sys.argv[1:4]
admin = AdminClient({'bootstrap.servers': server})
for future in admin.create_topics([NewTopic(topic, 2, 1)]).values(): future.result()
failed = []
producer = Producer({'bootstrap.servers': server, 'enable.idempotence': True, 'compression.codec': codec})
for i in range(500):
    producer.produce(topic, key='k%d' % i, value='v%d' % i, headers={'h': 'x'}, on_delivery=lambda e, m: e and failed.append(e))
producer.flush(30)
assert not failed, failed
def read(count):
    consumer = Consumer({'bootstrap.servers': server, 'group.id': 'cf-' + topic, 'auto.offset.reset': 'earliest',
        'enable.auto.commit': False})
    consumer.subscribe([topic])
    values = []
    while len(values) < count:
        message = consumer.poll(20)
        assert message is not None and not message.error(), message and message.error()
        values.append(message.value().decode())
    consumer.commit(asynchronous=False)
    consumer.close()
    return values
print(len(set(read(500))))
producer.produce(topic, 'late')
producer.flush(30)
print(read(1)[0])
print(topic in admin.list_topics(timeout=10).topics)
`

const missing = missingForPython('python-clients')
let world: BrokerWorld
beforeAll(async () => {
  world = await makeBrokerWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

describe.skipIf(missing !== undefined)(`Python clients on our broker${missing ?? ''}`, () => {
  test.each(['none', 'gzip'])('kafka-python, %s', async (codec) => {
    const topic = `kafka-python-${codec}`
    const out = await runPython('python-clients', [
      '-c',
      KAFKA_PYTHON,
      world.bootstrap,
      topic,
      codec,
    ])
    expect(out.trim().split('\n')).toEqual(['500', 'late', 'True'])
    expect(await storedValues(topic)).toBe(501)
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'confluent-kafka, idempotent, %s',
    async (codec) => {
      const topic = `confluent-${codec}`
      const out = await runPython('python-clients', [
        '-c',
        CONFLUENT,
        world.bootstrap,
        topic,
        codec,
      ])
      expect(out.trim().split('\n')).toEqual(['500', 'late', 'True'])
      expect(await storedValues(topic)).toBe(501)
    },
  )
})

/** Different values that a reader in the process finds. */
async function storedValues(topic: string): Promise<number> {
  const values = new Set<string>()
  for (const { partition } of (await world.log.topic(topic)).partitions) {
    for await (const { records } of world.log.read(topic, partition, 0)) {
      for (const { value } of records) values.add(Buffer.from(value ?? []).toString())
    }
  }
  return values.size
}
