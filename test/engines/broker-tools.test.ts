/** Our broker under Apache Kafka's own tools. The lines are those of the seeds, in the spelling of current tools. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeBrokerWorld, type BrokerWorld } from '../../src/broker/broker-world.testing.ts'
import { kafkaTool } from './kafka-tools.ts'

let world: BrokerWorld
let server: string[]

beforeAll(async () => {
  world = await makeBrokerWorld()
  server = ['--bootstrap-server', world.bootstrap]
})
afterAll(() => world[Symbol.asyncDispose]())

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `v${i}`)

describe('the tools of Apache Kafka on our broker', () => {
  test('kafka-topics creates, lists, describes, grows and deletes', async () => {
    const topic = ['--topic', 'made']
    const settings = [
      '--partitions',
      '2',
      '--replication-factor',
      '1',
      '--config',
      'retention.ms=9',
    ]
    await kafkaTool('kafka-topics', [...server, '--create', ...topic, ...settings])
    expect(lines(await kafkaTool('kafka-topics', [...server, '--list']))).toContain('made')
    const described = await kafkaTool('kafka-topics', [...server, '--describe', ...topic])
    expect(described).toMatch(
      /Topic: made\s.*PartitionCount: 2\s+ReplicationFactor: 1\s+Configs: .*retention.ms=9/,
    )
    await kafkaTool('kafka-topics', [...server, '--alter', ...topic, '--partitions', '3'])
    expect((await world.log.topic('made')).partitions).toHaveLength(3)
    await kafkaTool('kafka-topics', [...server, '--delete', ...topic])
    await expect(world.log.topic('made')).rejects.toMatchObject({ code: 'LOG_UNKNOWN_TOPIC' })
    await expect(
      kafkaTool('kafka-topics', [...server, '--create', ...topic, '--replication-factor', '3']),
    ).rejects.toThrow('use 1')
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'kafka-console-producer (%s) and kafka-console-consumer',
    async (codec) => {
      const topic = ['--topic', `console-${codec}`]
      const compression = ['--compression-codec', codec]
      await kafkaTool(
        'kafka-console-producer',
        [...server, ...topic, ...compression],
        `${numbers(500).join('\n')}\n`,
      )
      const all = ['--from-beginning', '--max-messages', '500', '--timeout-ms', '10000']
      const read = await kafkaTool('kafka-console-consumer', [...server, ...topic, ...all])
      expect(lines(read)).toEqual(numbers(500))
    },
  )

  test('kafka-consumer-groups shows the lag, and resets it', async () => {
    await world.log.createTopic({ name: 'lag', partitions: 2 })
    const input = numbers(100)
      .map((value) => `${value}:${value}\n`)
      .join('')
    const keys = ['--reader-property', 'parse.key=true', '--reader-property', 'key.separator=:']
    await kafkaTool('kafka-console-producer', [...server, '--topic', 'lag', ...keys], input)
    const group = ['--group', 'readers']
    const part = ['--from-beginning', '--max-messages', '100', '--timeout-ms', '10000']
    await kafkaTool('kafka-console-consumer', [...server, '--topic', 'lag', ...group, ...part])
    expect(lines(await kafkaTool('kafka-consumer-groups', [...server, '--list']))).toContain(
      'readers',
    )
    await kafkaTool('kafka-console-producer', [...server, '--topic', 'lag'], 'late\n')
    const shown = await kafkaTool('kafka-consumer-groups', [...server, '--describe', ...group])
    const lags = lines(shown)
      .slice(-2)
      .map((line) => Number(line.trim().split(/\s+/)[5]))
    expect(lags.reduce((sum, lag) => sum + lag, 0)).toBe(1)
    const reset = ['--reset-offsets', '--to-earliest', '--topic', 'lag', '--execute']
    await kafkaTool('kafka-consumer-groups', [...server, ...group, ...reset])
    const [info] = (await world.log.groups()).filter(({ group: name }) => name === 'readers')
    expect(info?.offsets.map(({ committed }) => committed)).toEqual([0, 0])
    await kafkaTool('kafka-consumer-groups', [...server, '--delete', ...group])
    expect((await world.log.groups()).map(({ group: name }) => name)).not.toContain('readers')
  })

  test('kafka-producer-perf-test and kafka-consumer-perf-test', async () => {
    const size = ['--num-records', '100000', '--record-size', '100', '--throughput', '-1']
    const where = ['--command-property', `bootstrap.servers=${world.bootstrap}`, 'acks=all']
    const made = await kafkaTool('kafka-producer-perf-test', ['--topic', 'perf', ...size, ...where])
    expect(made).toMatch(/100000 records sent/)
    const offsets = await kafkaTool('kafka-get-offsets', [...server, '--topic', 'perf'])
    expect(offsets.trim()).toBe('perf:0:100000')
    const count = ['--topic', 'perf', '--num-records', '100000']
    const read = await kafkaTool('kafka-consumer-perf-test', [...server, ...count])
    expect(lines(read).at(-1)?.split(', ')[4]).toBe('100000')
  })
})
