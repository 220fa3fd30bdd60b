/**
 * The command lines of the original systems, as their write-ups have them, `millrace` before each. The instance runs on a
 * port of its own, so lines that name ZooKeeper or a broker of a compose network find it by being told what runs here.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  runCommand,
  startCommand,
  type RunningCommand,
} from '../../src/cli/command-line.fixture.ts'

const APP = `
import { defineApp, topic, z } from 'millrace'
export default defineApp({ name: 'old', topics: { own: topic({ schema: z.object({ id: z.int() }) }) } })
`
let cwd: string
let instance: RunningCommand
let address: string

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Runs a line as it stands in a write-up; fails unless it ends with 0. */
async function paste(line: string, input = ''): Promise<{ stdout: string; stderr: string }> {
  const args = line.replace(/^(bin\/)?/, '').split(/\s+/)
  const [tool = '', ...rest] = args
  const finished = await runCommand([tool.replace(/\.sh$/, ''), ...rest], { cwd, input })
  if (finished.code !== 0)
    throw new Error(`${line} exited with ${finished.code}: ${finished.stderr}`)
  return finished
}

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-old-')))
  writeFileSync(join(cwd, 'app.ts'), APP)
  const flags = ['--port', '0', '--broker-port', '0', '--log-level', 'error']
  instance = startCommand(['start', 'app.ts', ...flags], { cwd })
  await instance.seen(/kafka +\S+/)
  address = /kafka +(\S+)/.exec(instance.output())?.[1] ?? ''
})
afterAll(async () => {
  instance.child.kill('SIGTERM')
  await instance.finished
  rmSync(cwd, { recursive: true })
})

describe('lines of the originals', () => {
  test('S0.2: the topic is deleted, created and listed by ZooKeeper’s address, with a warning', async () => {
    const create =
      'bin/kafka-topics.sh --create --zookeeper localhost:2181 --replication-factor 1 --partitions 1 --topic lastfm'
    const made = await paste(create)
    expect(made.stdout).toBe('Created topic lastfm.\n')
    expect(made.stderr).toBe(
      `warning: --zookeeper localhost:2181 is not used, there is no ZooKeeper here: using ${address}\n`,
    )
    expect((await paste('bin/kafka-topics.sh --list --zookeeper localhost:2181')).stdout).toBe(
      'lastfm\nown\n',
    )
    await paste('bin/kafka-topics.sh --zookeeper localhost:2181 --delete --topic lastfm')
    expect((await paste('bin/kafka-topics.sh --list --zookeeper localhost:2181')).stdout).toBe(
      'own\n',
    )
    await paste(create)
    const again = await runCommand(['kafka-topics', '--create', '--topic', 'lastfm'], { cwd })
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('--if-not-exists')])
  })

  test('S1.1: the lines of the game-events write-up, by names of its compose network', async () => {
    await paste(
      'kafka-topics --create --topic game-events --partitions 1 --replication-factor 1 --if-not-exists --zookeeper zookeeper:32181',
    )
    const { stdout } = await paste(
      'kafka-topics --describe --topic game-events --zookeeper zookeeper:32181',
    )
    expect(stdout).toMatch(
      /^Topic: game-events\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: .*\n\tTopic: game-events\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\n$/,
    )
    const events = ['default', 'purchase_sword', 'join_guild'].map(
      (type) => `{"event_type": "${type}"}\n`,
    )
    const sent = await paste(
      'kafka-console-producer --request-required-acks 1 --broker-list kafka:29092 --topic game_events',
      events.join(''),
    )
    expect(sent.stderr).toContain(`kafka:29092 is not known on this machine: using ${address}`)
    const read = await paste(
      'kafka-console-consumer --bootstrap-server kafka:29092 --topic game_events --from-beginning --max-messages 3',
    )
    expect([read.stdout, lines(read.stderr).at(-1)]).toEqual([
      events.join(''),
      'Processed a total of 3 messages',
    ])
    const kcat = ['-C', '-b', address, '-t', 'game_events', '-o', 'beginning', '-e', '-q']
    const foreign = spawnSync('kcat', kcat, { encoding: 'utf8' })
    // Where kcat is not installed, src/broker/clients/kcat.test.ts says so.
    if (foreign.error === undefined) expect(foreign.stdout).toBe(events.join(''))
  })

  test('S3.2: a topic gets more partitions', async () => {
    await paste('kafka-topics --create --topic growing --zookeeper localhost:2181')
    const alter = 'kafka-topics.sh --alter --topic growing --zookeeper localhost:2181 --partitions'
    expect((await paste(`${alter} 3`)).stdout).toBe('')
    const { stdout } = await paste(
      `kafka-topics --describe --topic growing --broker-list ${address}`,
    )
    expect(stdout).toContain('PartitionCount: 3')
    const fewer = await runCommand(`${alter} 2`.replace('.sh', '').split(' '), { cwd })
    expect([fewer.code === 0, fewer.stderr]).toEqual([false, expect.stringContaining('use 4 to')])
    const own = ['kafka-topics', '--alter', '--topic', 'own', '--partitions', '2']
    const declared = await runCommand(own, { cwd })
    expect([declared.code === 0, declared.stderr]).toEqual([false, expect.stringContaining('own')])
  })

  test('S3.2: the course’s console producer and consumer, with --broker-list and an offset', async () => {
    await paste(
      'kafka-topics.sh --create --zookeeper localhost:2181 --replication-factor 1 --partitions 2 --topic test',
    )
    const numbers = Array.from({ length: 9 }, (_, i) => `message ${i}\n`)
    const sent = await paste(
      `kafka-console-producer.sh --broker-list ${address} --topic test`,
      numbers.join(''),
    )
    expect(sent.stderr).toContain('--broker-list is --bootstrap-server since Kafka 2.5')
    const all = await paste(
      `kafka-console-consumer.sh --bootstrap-server ${address} --topic test --from-beginning --timeout-ms 1500`,
    )
    expect(lines(all.stdout).toSorted()).toEqual(lines(numbers.join('')))
    const later = await paste(
      'kafka-console-consumer.sh --zookeeper localhost:2181 --topic test --offset 5 --timeout-ms 1500 --property print.offset=true --property print.partition=true',
    )
    const offsets = lines(later.stdout).map((line) => Number(/Offset:(\d+)/.exec(line)?.[1]))
    expect(offsets.length).toBeGreaterThan(0)
    expect(Math.min(...offsets)).toBe(5)
  })

  test('S3.2: groups are listed, described, reset and deleted as Kafka prints them', async () => {
    const keyed = '--property parse.key=true --property key.separator=:'
    await paste(`kafka-console-producer --topic grouped ${keyed}`, 'a:1\nb:2\n')
    const read = await paste(
      'kafka-console-consumer --topic grouped --consumer-property group.id=Simple --from-beginning --max-messages 2 --property print.key=true --property key.separator=-',
    )
    expect(read.stdout).toBe('a-1\nb-2\n')
    await paste('kafka-console-producer --topic grouped', '3\n')
    const groups = `kafka-consumer-groups.sh --bootstrap-server ${address}`
    expect(lines((await paste(`${groups} --list`)).stdout)).toContain('Simple')
    const shown = await paste(`${groups} --describe --group Simple`)
    expect(shown.stderr).toContain("Consumer group 'Simple' has no active members.")
    expect(lines(shown.stdout)).toEqual([
      'GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID',
      'Simple          grouped         0          2               3               1               -               -               -',
    ])
    const reset = `${groups} --group Simple --topic grouped --reset-offsets`
    expect((await paste(`${reset} --to-earliest`)).stderr).toContain('--execute')
    const back = await paste(`${reset} --shift-by -1 --execute`)
    expect(lines(back.stdout).at(-1)).toMatch(/^Simple +grouped +0 +1$/)
    expect((await paste(`${groups} --describe --group Simple`)).stdout).toMatch(/ 0 +1 +3 +2 /)
    await paste(`${groups} --delete --group Simple`)
    const gone = await runCommand(['kafka-consumer-groups', '--describe', '--group', 'Simple'], {
      cwd,
    })
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('does not exist')])
  })

  test.each([
    [['kafka-topics'], '--list, --describe'],
    [['kafka-topics', '--create'], '--topic'],
    [['kafka-topics', '--create', '--topic', 't', '--config', 'min.insync.replicas=1'], 'not kept'],
    [['kafka-topics', '--alter', '--topic', 't'], '--partitions'],
    [
      [
        'kafka-topics',
        '--alter',
        '--topic',
        't',
        '--partitions',
        '2',
        '--config',
        'retention.ms=1',
      ],
      'only',
    ],
    [['kafka-console-producer'], '--topic'],
    [['kafka-console-producer', '--topic', 't', '--compression-codec', 'brotli'], 'zstd'],
    [['kafka-console-consumer', '--topic', 't', '--offset', 'soon'], 'soon'],
    [['kafka-consumer-groups', '--describe'], '--group'],
    [['kafka-consumer-groups', '--reset-offsets', '--group', 'g', '--topic', 't'], '--to-earliest'],
  ])('%j says what is missing or wrong', async (args, reason) => {
    const { code, stdout, stderr } = await runCommand(args, { cwd })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(reason)
  })
})
