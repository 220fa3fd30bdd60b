/** A consumer group of different clients: `millrace consume --group` beside kcat and kafkajs, whoever came first. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { makeBrokerWorld, type BrokerWorld } from '../../src/broker/broker-world.testing.ts'
import { startCommand } from '../../src/cli/command-line.fixture.ts'

const PARTITIONS = 4
const SESSION_MS = '6000'
const hasKcat = spawnSync('kcat', ['-V']).error === undefined

interface Member {
  /** What it printed so far. */
  values(): string[]
  /** Leaves the group. */
  leave(): Promise<void>
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => /^v\d+$/.test(line))

function ours(world: BrokerWorld): Member {
  const where = ['--bootstrap-server', world.bootstrap, '--from', 'beginning']
  const command = startCommand(['consume', 't', '--group', 'g', ...where], {
    cwd: tmpdir(),
    env: { KAFKA_SESSION_TIMEOUT_MS: SESSION_MS, KAFKA_HEARTBEAT_INTERVAL_MS: '200' },
  })
  return {
    values: () => linesOf(command.output()),
    async leave() {
      command.child.kill('SIGINT')
      expect((await command.finished).code, command.output()).toBe(0)
    },
  }
}

function kcat(world: BrokerWorld): Member {
  const settings = ['auto.offset.reset=earliest', `session.timeout.ms=${SESSION_MS}`]
  const flags = [...settings, 'heartbeat.interval.ms=200'].flatMap((one) => ['-X', one])
  const child = spawn('kcat', ['-b', world.bootstrap, ...flags, '-u', '-q', '-G', 'g', 't'])
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  return {
    values: () => linesOf(out),
    async leave() {
      child.kill('SIGINT')
      await once(child, 'exit')
    },
  }
}

async function kafkajs(world: BrokerWorld): Promise<Member> {
  const kafka = new Kafka({ brokers: [world.bootstrap], logLevel: logLevel.NOTHING })
  const timeouts = { sessionTimeout: Number(SESSION_MS), heartbeatInterval: 100 }
  const consumer = kafka.consumer({ groupId: 'g', ...timeouts, maxWaitTimeInMs: 100 })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: ['t'], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => void values.push(message.value?.toString() ?? ''),
  })
  return { values: () => values, leave: () => consumer.disconnect() }
}

/** Partitions of each member, by what the coordinator tells. */
const shares = async (world: BrokerWorld): Promise<number[]> => {
  const group = (await world.log.groups()).find(({ group: name }) => name === 'g')
  return (group?.members ?? []).map(({ assignment }) => assignment.length).toSorted((a, b) => a - b)
}

const CLIENTS = {
  'millrace, then kcat': [ours, kcat],
  'kcat, then millrace': [kcat, ours],
  'millrace, then kafkajs': [ours, kafkajs],
  'kafkajs, then millrace': [kafkajs, ours],
} as const

describe('S3.2, S3.3: a group of different clients', () => {
  const here = Object.entries(CLIENTS).filter(([name]) => hasKcat || !name.includes('kcat'))
  test.each(here)('%s', async (_name, [makeFirst, makeSecond]) => {
    await using world = await makeBrokerWorld()
    await world.log.createTopic({ name: 't', partitions: PARTITIONS })
    const settled = (wanted: readonly number[]): Promise<void> =>
      expect.poll(() => shares(world), { timeout: 20_000 }).toEqual(wanted)
    let sent = 0
    const send = async (): Promise<void> => {
      const records = Array.from({ length: 100 }, (_, at) => ({
        key: null,
        value: Buffer.from(`v${sent + at}`),
        headers: [],
        timestamp: 0,
        partition: at % PARTITIONS,
      }))
      await world.log.append('t', records)
      sent += records.length
    }
    const members = [await makeFirst(world)]
    const readAll = (): Promise<void> =>
      expect
        .poll(() => members.flatMap((one) => one.values()).length, { timeout: 20_000 })
        .toBe(sent)

    await settled([PARTITIONS])
    await send()
    await readAll()
    members.push(await makeSecond(world))
    await settled([PARTITIONS / 2, PARTITIONS / 2])
    await send()
    await readAll()
    for (const one of members) expect(one.values().length).toBeGreaterThanOrEqual(50)
    await members[0]?.leave()
    await settled([PARTITIONS])
    await send()
    await readAll()
    await members[1]?.leave()
    expect(new Set(members.flatMap((one) => one.values())).size).toBe(sent)
    const [group] = await world.log.groups()
    expect(group?.offsets.map(({ lag }) => lag)).toEqual([0, 0, 0, 0])
  })
})
