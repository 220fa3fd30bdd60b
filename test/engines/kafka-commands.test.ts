/**
 * The commands that attach to a broker, on Apache Kafka: our own, the lines of the original systems with `--zookeeper` and
 * `--broker-list`, and a group that ours share with the Java client. Runs the compiled command.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand, startCommand } from '../../src/cli/command-line.fixture.ts'
import { openLog, type Log } from '../../src/log/index.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'
import { kafkaTool, toolLine } from './kafka-tools.ts'

let cluster: KafkaCluster
let cwd: string
let server: string[]
let log: Log

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const numbers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, at) => `v${from + at}`)

async function millrace(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, { cwd, input })
  if (code !== 0) throw new Error(`millrace ${args.join(' ')} exited with ${code}: ${stderr}`)
  return stdout
}

beforeAll(async () => {
  cluster = await startKafka()
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-commands-')))
  server = ['--bootstrap-server', cluster.bootstrap]
  log = await openLog({ dir: cwd, url: `kafka://${cluster.bootstrap}`, env: {} })
})
afterAll(async () => {
  await log.close()
  await cluster.close()
  rmSync(cwd, { recursive: true })
})

describe('our commands on Apache Kafka', () => {
  test('S3.2, S3.13: topics, lines of standard input, offsets and groups', async () => {
    await millrace(['topics', 'create', 't', '--partitions', '2', ...server])
    const described = await millrace(['topics', 'describe', 't', ...server])
    expect(lines(described).filter((line) => / 1 +1 +1$/.test(line))).toHaveLength(2)
    const keyed = numbers(40).map((value) => `${value}:${value}\n`)
    await millrace(['produce', 't', '--key-separator', ':', ...server], keyed.join(''))
    const all = ['consume', 't', '--to-end', ...server]
    expect(lines(await millrace([...all, '--from-beginning']))).toHaveLength(40)
    expect(lines(await millrace([...all, '--offset', '5']))).toHaveLength(30)
    const one = await millrace([...all, '--partition', '1', '--offset', '5', '--json'])
    expect(JSON.parse(lines(one)[0] ?? '')).toMatchObject({ partition: 1, offset: 5 })
    const member = [...all, '--group', 'Simple', '--from', 'beginning']
    expect(lines(await millrace(member))).toHaveLength(40)
    await millrace(['produce', 't', ...server], 'late\n')
    expect(await millrace(member)).toBe('late\n')
    expect(await millrace(['groups', 'list', ...server])).toMatch(/^Simple +0 +2 +0$/m)
    const back = ['--topic', 't', '--partition', '0', '--to-offset', '1', ...server]
    expect(await millrace(['groups', 'reset', 'Simple', ...back])).toMatch(/t +0 +1$/m)
    await millrace(['topics', 'delete', 't', '--yes', ...server])
    expect(await millrace(['topics', 'list', ...server])).not.toMatch(/^t /m)
    // A topic that nobody made.
    expect(await millrace(['produce', 'fresh', ...server], 'one\ntwo\n')).toContain('2 records')
  })

  test('S0.2: a file row by row, again and again, with a field as key', async () => {
    const rows = ['userID,artistID,weight', '2,51,13883', '2,52,11690', '3,53,11351']
    writeFileSync(join(cwd, 'user_artists.csv'), rows.join('\n'))
    const send = ['produce', 'user_artists.csv', '--topic', 'lastfm', '--key', 'userID', ...server]
    expect(await millrace(send)).toContain('3 events stored')
    const read = await millrace(['consume', 'lastfm', '--from-beginning', '--to-end', ...server])
    expect(lines(read).map((line) => Object.values(JSON.parse(line) as object).join())).toEqual(
      rows.slice(1),
    )
  })
})

describe('lines of the originals on Apache Kafka', () => {
  /** Runs a line as it stands in a write-up: nothing of ours runs here, so it names the cluster by a variable. */
  const paste = async (line: string, input = ''): Promise<string> => {
    const env = { KAFKA_BOOTSTRAP_SERVERS: cluster.bootstrap }
    const done = await runCommand(line.split(/\s+/), { cwd, input, env })
    if (done.code !== 0) throw new Error(`${line} exited with ${done.code}: ${done.stderr}`)
    return done.stdout
  }

  test('S0.2, S3.2: topics by ZooKeeper’s address, records by --broker-list, groups', async () => {
    const zookeeper = '--zookeeper localhost:2181'
    const create = `kafka-topics --create ${zookeeper} --replication-factor 1 --partitions 1`
    expect(await paste(`${create} --topic old`)).toBe('Created topic old.\n')
    expect(lines(await paste(`kafka-topics --list ${zookeeper}`))).toContain('old')
    await paste(`kafka-topics --alter ${zookeeper} --topic old --partitions 2`)
    expect(await paste(`kafka-topics --describe ${zookeeper} --topic old`)).toMatch(
      /^Topic: old\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: .*\n\tTopic: old\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\n/,
    )
    const list = `--broker-list ${cluster.bootstrap}`
    await paste(`kafka-console-producer ${list} --topic old`, 'one\ntwo\n')
    const read = `kafka-console-consumer ${zookeeper} --topic old --from-beginning --max-messages 2`
    expect(lines(await paste(`${read} --group Old`)).toSorted()).toEqual(['one', 'two'])
    const groups = `kafka-consumer-groups --bootstrap-server ${cluster.bootstrap}`
    expect(lines(await paste(`${groups} --list`))).toContain('Old')
    expect(await paste(`${groups} --describe --group Old`)).toMatch(/^Old +old +0 .* 0 +- +- +-/m)
    const reset = `${groups} --group Old --topic old --reset-offsets --to-earliest --execute`
    expect(await paste(reset)).toMatch(/^Old +old +0 +0$/m)
    await paste(`${groups} --delete --group Old`)
    await paste(`kafka-topics --delete ${zookeeper} --topic old`)
    expect(lines(await paste(`kafka-topics --list ${zookeeper}`))).not.toContain('old')
  })
})

describe('a group of ours and of Java', () => {
  test('S3.2, S3.3: shares partitions, each record once, and goes on where it was', async () => {
    await log.createTopic({ name: 'shared', partitions: 4 })
    const group = ['--group', 'mixed', '--from-beginning']
    const ours = startCommand(
      ['consume', 'shared', '--group', 'mixed', '--from', 'beginning', ...server],
      { cwd },
    )
    await ours.seen('mixed: reading partitions 0, 1, 2, 3 of shared')
    const [command, args] = toolLine('kafka-console-consumer', [
      ...server,
      '--topic',
      'shared',
      ...group,
    ])
    const java = spawn(command, args)
    let javaOut = ''
    java.stdout.on('data', (chunk: Buffer) => (javaOut += chunk.toString()))
    try {
      await ours.seen(/mixed: reading partitions \d, \d of shared/)
      const records = numbers(200).map((value, at) => ({
        key: null,
        value: Buffer.from(value),
        headers: [],
        timestamp: 0,
        partition: at % 4,
      }))
      await log.append('shared', records)
      const valuesIn = (text: string): string[] => lines(text).filter((line) => /^v\d+$/.test(line))
      const printed = (): string[] => [...valuesIn(ours.output()), ...valuesIn(javaOut)]
      await expect.poll(() => printed().length, { timeout: 30_000 }).toBe(200)
      expect(new Set(printed()).size).toBe(200)
      expect([valuesIn(ours.output()).length, valuesIn(javaOut).length]).toEqual([100, 100])
    } finally {
      java.kill('SIGTERM')
      await once(java, 'exit')
      ours.child.kill('SIGINT')
      await ours.finished
    }
    const shown = await kafkaTool('kafka-consumer-groups', [
      ...server,
      '--describe',
      '--group',
      'mixed',
    ])
    const lags = lines(shown)
      .slice(-4)
      .map((line) => line.trim().split(/\s+/)[5])
    expect(lags).toEqual(['0', '0', '0', '0'])
  })
})
