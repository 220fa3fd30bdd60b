/** P21: of two that believe they own a partition, one commits. And what a wrong setting says. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { openLog, type Log } from '../../src/log/index.ts'
import { root } from '../house/sources.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'

let cluster: KafkaCluster

beforeAll(async () => {
  cluster = await startKafka()
})
afterAll(() => cluster.close())

const open = (address: string, properties: Record<string, string> = {}): Promise<Log> =>
  openLog({ dir: '.', url: `kafka://${address}`, properties, env: {} })

describe('a member that slept', () => {
  const rounds = ['first', 'second', 'third']
  it.each(rounds)(
    'B4, E2, P21: cannot commit what another one owns by now (%s time)',
    async (g) => {
      const log = await open(cluster.bootstrap, { 'heartbeat.interval.ms': '100' })
      await log.createTopic({ name: 't' })
      const record = { key: null, value: new Uint8Array(1), headers: [], timestamp: 0 }
      await log.append('t', [record, record, record, record, record])
      const group = `sleepers-${g}`
      const script = join(root, 'test/engines/consumer-child.mjs')
      const child = spawn(process.execPath, [script, `kafka://${cluster.bootstrap}`, group], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      try {
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
        const say = async (): Promise<unknown> => (await lines.next()).value
        assert.equal(await say(), 'owns 1')
        child.kill('SIGSTOP')
        // Resolves when the sleeper's session is over and its partition is ours.
        const heir = await log.consumer({ group, topics: ['t'], from: 'earliest' })
        assert.deepEqual(heir.assignment(), [{ topic: 't', partition: 0 }])
        await heir.commitOffsets([{ topic: 't', partition: 0, offset: 4 }])
        // Before it wakes, so that its first act is the stale commit.
        child.stdin.write('commit\n')
        child.kill('SIGCONT')
        assert.equal(await say(), 'LOG_FENCED')
        const found = (await log.groups()).find((one) => one.group === group)
        assert.equal(found?.offsets[0]?.committed, 4)
        await heir.close()
      } finally {
        child.kill('SIGKILL')
        await once(child, 'exit')
        await log.close()
      }
    },
  )
})

describe('a wrong setting', () => {
  const QUICK = { 'delivery.timeout.ms': '1500', 'request.timeout.ms': '500' }
  const refusal = async (address: string, properties: Record<string, string> = {}) => {
    const error = await open(address, { ...QUICK, ...properties }).then(
      () => assert.fail('it opened'),
      (reason: Error & { code: string; retryable: boolean }) => reason,
    )
    return error
  }

  it('nothing listens there', async () => {
    const { code, message, retryable } = await refusal('127.0.0.1:1')
    assert.deepEqual([code, retryable], ['LOG_UNREACHABLE', true])
    assert.match(message, /Kafka at 127\.0\.0\.1:1 .*ECONNREFUSED.*check bootstrap\.servers/)
  })

  it('something else listens there', async () => {
    const server = createServer((_, answer) => answer.end('no Kafka'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { code, message } = await refusal(`127.0.0.1:${port}`)
    assert.equal(code, 'LOG_UNREACHABLE')
    assert.match(message, /security\.protocol is what that port speaks/)
    server.closeAllConnections()
    server.close()
  })

  it('TLS and a login where the broker speaks neither', async () => {
    const tls = await refusal(cluster.bootstrap, { 'security.protocol': 'SSL' })
    assert.match(tls.message, /security\.protocol/)
    const login = { 'sasl.username': 'u', 'sasl.password': 'p' }
    const sasl = await refusal(cluster.bootstrap, {
      'security.protocol': 'SASL_PLAINTEXT',
      ...login,
    })
    assert.match(sasl.message, /security\.protocol/)
  })

  it('a topic that is not there', async () => {
    const log = await open(cluster.bootstrap)
    const record = { key: null, value: null, headers: [], timestamp: 0 }
    await assert.rejects(log.append('nowhere', [record]), { code: 'LOG_UNKNOWN_TOPIC' })
    const consumer = log.consumer({ group: 'x', topics: ['nowhere'], from: 'earliest' })
    await assert.rejects(consumer, { code: 'LOG_UNKNOWN_TOPIC' })
    await log.close()
  })
})
