/** Apache Spark's Kafka source and sink on our broker. Skipped, and says so, until `npm run engines:spark` got their jars. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeBrokerWorld } from '../../src/broker/broker-world.testing.ts'
import { root } from '../house/sources.ts'
import { sparkClassPath } from './kafka-jars.ts'
import { runProgram } from './run-program.ts'

const jars = sparkClassPath()
/** What Spark 4 asks of Java 17. */
const OPENED = ['lang', 'lang.invoke', 'lang.reflect', 'io', 'net', 'nio', 'util'].concat([
  'util.concurrent',
  'util.concurrent.atomic',
])
const FLAGS = [
  '-Xmx512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+IgnoreUnrecognizedVMOptions',
  '-Dspark.driver.host=127.0.0.1',
  '-Dspark.driver.bindAddress=127.0.0.1',
  '-Dspark.sql.shuffle.partitions=1',
  ...OPENED.flatMap((name) => ['--add-opens', `java.base/java.${name}=ALL-UNNAMED`]),
  ...['nio.ch', 'nio.cs', 'security.action', 'util.calendar'].flatMap((name) => [
    '--add-opens',
    `java.base/sun.${name}=ALL-UNNAMED`,
  ]),
]

test.skipIf(jars === undefined)(
  'Spark reads a topic of our broker and writes another one (needs npm run engines:spark)',
  async () => {
    await using world = await makeBrokerWorld()
    await world.log.createTopic({ name: 'from', partitions: 2 })
    const records = Array.from({ length: 1_000 }, (_, n) => ({
      key: Buffer.from(`k${n}`),
      value: Buffer.from(`v${n}`),
      headers: [],
      timestamp: 0,
    }))
    await world.log.append('from', records)
    const program = join(root, 'test/engines/KafkaCount.java')
    const args = [...FLAGS, '-cp', jars ?? '', program, world.bootstrap, 'from', 'to']
    expect(await runProgram('Spark', 'java', args)).toContain('values 1000')
    const copied = new Map<string, string>()
    const { partitions } = await world.log.topic('to')
    for (const { partition } of partitions) {
      for await (const batch of world.log.read('to', partition, 0)) {
        for (const { key, value } of batch.records) {
          copied.set(Buffer.from(key ?? []).toString(), Buffer.from(value ?? []).toString())
        }
      }
    }
    expect(copied.size).toBe(1_000)
    for (const [key, value] of copied) expect(value).toBe(key.replace('k', 'v'))
  },
)
