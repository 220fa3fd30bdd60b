/** Logins, TLS and rights on Apache Kafka, and what each wrong setting says. Certificates are made here. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { openLog, type Log } from '../../src/log/index.ts'
import { createAuthority, hasOpenssl, type Authority } from './certificates.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'
import { kafkaTool } from './kafka-tools.ts'

type Properties = Readonly<Record<string, string>>

const PLAIN_LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const SCRAM_LOGIN = 'org.apache.kafka.common.security.scram.ScramLoginModule'
/** May do everything with topics and groups whose names begin with `alice`. */
const ALICE = { 'sasl.username': 'alice', 'sasl.password': 'wonder "land"' }
const CAROL = { 'sasl.username': 'carol', 'sasl.password': 'carol-secret' }
const ADMIN = { 'sasl.username': 'admin', 'sasl.password': 'admin-secret' }
const KEY_PASSWORD = 'open sesame'

describe.skipIf(!hasOpenssl())('a secured Apache Kafka (needs openssl)', () => {
  let folder: string
  let cluster: KafkaCluster
  let ours: Authority
  let client: ReturnType<Authority['sign']>
  let foreignClient: ReturnType<Authority['sign']>
  const logs: Log[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-security-'))
    ours = createAuthority(folder, 'ours')
    client = ours.sign('alice', { password: KEY_PASSWORD })
    foreignClient = createAuthority(folder, 'foreign').sign('mallory')
    cluster = await startSecured(ours)
    await allowAlice()
  })
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close()
  })
  afterAll(async () => {
    await cluster.close()
    await rm(folder, { recursive: true, force: true })
  })

  const allowAlice = async (): Promise<void> => {
    const where = [
      '--bootstrap-server',
      cluster.bootstrap,
      '--add',
      '--allow-principal',
      'User:alice',
    ]
    const prefixed = ['--resource-pattern-type', 'prefixed']
    const what = ['--operation', 'All', '--topic', 'alice', '--group', 'alice']
    await kafkaTool('kafka-acls', [...where, ...prefixed, ...what])
  }

  const open = async (listener: string, properties: Properties): Promise<Log> => {
    const url = `kafka://${cluster.listener(listener)}`
    const log = await openLog({ dir: folder, url, properties, env: {} })
    logs.push(log)
    return log
  }

  const record = { key: null, value: new Uint8Array([7]), headers: [], timestamp: 0 }

  /** Creates, appends, reads and commits as that user. */
  const works = async (listener: string, properties: Properties, topic: string): Promise<void> => {
    const log = await open(listener, properties)
    await log.createTopic({ name: topic })
    await log.append(topic, [record, record])
    const consumer = await log.consumer({ group: topic, topics: [topic], from: 'earliest' })
    const read = await consumer.poll({ timeoutMs: 10_000 })
    assert.deepEqual(
      read.map(({ offset, value }) => [offset, value?.[0]]),
      [
        [0, 7],
        [1, 7],
      ],
    )
    await consumer.commitOffsets([{ topic, partition: 0, offset: 2 }])
    await consumer.close()
  }

  const login = (mechanism: string, more: Properties = ALICE, protocol = 'SASL_PLAINTEXT') => ({
    'security.protocol': protocol,
    'sasl.mechanism': mechanism,
    ...more,
  })

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('takes a login by %s', (mechanism) =>
    works('SASL', login(mechanism), `alice-${mechanism}`),
  )

  it('takes a login in the words of the Java client', async () => {
    const password = ALICE['sasl.password'].replaceAll('"', '\\"')
    const jaas = `${SCRAM_LOGIN} required username="alice" password="${password}";`
    const more = { 'sasl.jaas.config': jaas }
    await works('SASL', login('SCRAM-SHA-512', more), 'alice-jaas')
  })

  it('takes a login from KAFKA_ variables', async () => {
    const env = {
      KAFKA_BOOTSTRAP_SERVERS: cluster.listener('SASLTLS'),
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256',
      KAFKA_SASL_USERNAME: 'alice',
      KAFKA_SASL_PASSWORD: ALICE['sasl.password'],
      KAFKA_SSL_TRUSTSTORE_CERTIFICATES: await readFile(ours.ca, 'utf8'),
    }
    const log = await openLog({ dir: folder, url: 'kafka://', env })
    logs.push(log)
    await log.createTopic({ name: 'alice-env' })
    assert.deepEqual(await log.append('alice-env', [record]), [{ partition: 0, offset: 0 }])
  })

  const trusts = (): Properties => ({ 'security.protocol': 'SSL', 'ssl.ca.location': ours.ca })
  const shows = ({ cert, key }: typeof client): Properties => ({
    ...trusts(),
    'ssl.certificate.location': cert,
    'ssl.key.location': key,
  })

  it('speaks TLS, with a login and with a certificate of the client', async () => {
    const tls = { ...ALICE, 'ssl.truststore.location': ours.ca }
    await works('SASLTLS', login('SCRAM-SHA-512', tls, 'SASL_SSL'), 'alice-tls')
    const mutual = { ...shows(client), 'ssl.key.password': KEY_PASSWORD }
    await works('MTLS', mutual, 'alice-mtls')
  })

  /** What opening says that fails, within some seconds. */
  const refusal = async (
    listener: string,
    properties: Properties,
  ): Promise<Error & { code?: string }> => {
    const quick = { 'delivery.timeout.ms': '2000', 'request.timeout.ms': '1000' }
    const error = await open(listener, { ...quick, ...properties }).then(
      () => assert.fail('it opened'),
      (reason: Error & { code?: string }) => reason,
    )
    assert.ok(!error.message.includes('secret'), error.message)
    return error
  }
  it.each(['PLAIN', 'SCRAM-SHA-256'])('says that a password is wrong (%s)', async (mechanism) => {
    const wrong = { ...ADMIN, 'sasl.password': 'not-the-secret' }
    const error = await refusal('SASL', login(mechanism, wrong))
    assert.equal(error.code, 'LOG_ACCESS_DENIED')
    assert.match(error.message, /check sasl\.username, sasl\.password and sasl\.mechanism/)
  })

  it('says that an authority is unknown, and which property names it', async () => {
    const error = await refusal('TLS', { 'security.protocol': 'SSL' })
    assert.equal(error.code, 'LOG_ACCESS_DENIED')
    assert.match(error.message, /ssl\.ca\.location/)
  })

  it('says that a certificate is for another host', async () => {
    const error = await refusal('OTHER', trusts())
    assert.match(error.message, /127\.0\.0\.1 is not in the cert's list.*advertised/s)
  })

  it('says that a certificate of the client is missing, foreign or locked', async () => {
    const missing = await refusal('MTLS', trusts())
    assert.match(missing.message, /ssl\.certificate\.location and ssl\.key\.location/)
    const foreign = await refusal('MTLS', shows(foreignClient))
    assert.match(foreign.message, /ssl\.certificate\.location and ssl\.key\.location/)
    const locked = await refusal('MTLS', { ...shows(client), 'ssl.key.password': 'wrong' })
    assert.match(locked.message, /ssl\.key\.password/)
  })

  it.each([
    ['PLAINTEXT', 'TLS'],
    ['PLAINTEXT', 'SASL'],
    ['SSL', 'SASL'],
    ['SASL_PLAINTEXT', 'TLS'],
    ['SASL_SSL', 'SASL'],
  ])('says that %s is not what the port speaks (%s)', async (protocol, listener) => {
    const properties = { ...ADMIN, 'ssl.ca.location': ours.ca, 'security.protocol': protocol }
    const error = await refusal(listener, properties)
    assert.match(error.message, /security\.protocol/)
  })

  it('says what a user may not do, and does not try for long', async () => {
    const log = await open('SASL', login('PLAIN', CAROL))
    const admin = await open('SASL', login('PLAIN', ADMIN))
    await admin.createTopic({ name: 'alice-private' })
    const started = performance.now()
    const refused = (say: RegExp) => (error: Error & { code?: string }) =>
      error.code === 'LOG_ACCESS_DENIED' && say.test(error.message)
    await assert.rejects(log.append('alice-private', [record]), refused(/alice-private.*rights/s))
    await assert.rejects(
      log.createTopic({ name: 'carols' }),
      refused(/create topic "carols".*rights/),
    )
    const alice = await open('SASL', login('PLAIN'))
    const foreignGroup = { group: 'carols', topics: ['alice-private'], from: 'earliest' } as const
    await assert.rejects(alice.consumer(foreignGroup), refused(/group "carols".*rights/))
    assert.ok(performance.now() - started < 10_000, 'no retries of what no retry changes')
  })
})

/** Listeners: SASL, TLS, SASLTLS, MTLS, and OTHER, whose certificate is for another host. */
async function startSecured(ours: Authority): Promise<KafkaCluster> {
  const server = ours.sign('server')
  const other = ours.sign('other', { address: '10.1.2.3' })
  const quoted = ALICE['sasl.password'].replaceAll('"', '\\"')
  const users = `user_admin="admin-secret" user_carol="carol-secret" user_alice="${quoted}"`
  const scram = `${SCRAM_LOGIN} required;`
  const properties: Record<string, string> = {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // Brokers and the test's own tools come over the plain listener.
    'super.users': 'User:ANONYMOUS;User:admin',
    'ssl.principal.mapping.rules': 'RULE:^CN=([^,]+).*$/$1/,DEFAULT',
  }
  for (const listener of ['sasl', 'sasltls']) {
    const own = `listener.name.${listener}`
    properties[`${own}.sasl.enabled.mechanisms`] = 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512'
    properties[`${own}.plain.sasl.jaas.config`] = `${PLAIN_LOGIN} required ${users};`.replaceAll(
      '\\',
      '\\\\',
    )
    properties[`${own}.scram-sha-256.sasl.jaas.config`] = scram
    properties[`${own}.scram-sha-512.sasl.jaas.config`] = scram
  }
  for (const listener of ['tls', 'sasltls', 'mtls', 'other']) {
    const own = `listener.name.${listener}`
    properties[`${own}.ssl.keystore.type`] = 'PEM'
    properties[`${own}.ssl.keystore.location`] = listener === 'other' ? other.both : server.both
    properties[`${own}.ssl.truststore.type`] = 'PEM'
    properties[`${own}.ssl.truststore.location`] = ours.ca
    properties[`${own}.ssl.client.auth`] = listener === 'mtls' ? 'required' : 'none'
  }
  return startKafka({
    properties,
    listeners: {
      SASL: 'SASL_PLAINTEXT',
      TLS: 'SSL',
      SASLTLS: 'SASL_SSL',
      MTLS: 'SSL',
      OTHER: 'SSL',
    },
    scramUsers: { alice: ALICE['sasl.password'], admin: ADMIN['sasl.password'] },
  })
}
