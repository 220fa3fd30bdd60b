import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { kafkaOptions } from './kafka-options.ts'

const refuses = (source: Parameters<typeof kafkaOptions>[0], say: RegExp): void => {
  assert.throws(
    () => kafkaOptions(source),
    (error: Error & { code?: string }) =>
      error.code === 'CORE_INVALID_INPUT' && say.test(error.message),
  )
}

describe('options of the Kafka driver', () => {
  it('the address wins over properties, properties over the environment', () => {
    const env = {
      KAFKA_BOOTSTRAP_SERVERS: 'a:1',
      KAFKA_CLIENT_ID: 'env',
      KAFKA_HEAP_OPTS: '-Xmx1g',
    }
    assert.deepEqual(kafkaOptions({ env }).bootstrap, [{ host: 'a', port: 1 }])
    const properties = { 'bootstrap.servers': 'b, [::1]:3', 'client.id': 'property' }
    const both = kafkaOptions({ env, properties })
    assert.deepEqual(both.bootstrap, [
      { host: 'b', port: 9092 },
      { host: '::1', port: 3 },
    ])
    assert.equal(both.clientId, 'property')
    const url = 'kafka://c:4,d:5?client.id=url'
    const all = kafkaOptions({ env, properties, url })
    assert.deepEqual([all.bootstrap.length, all.bootstrap[1]?.port, all.clientId], [2, 5, 'url'])
  })

  it('the application id is the property’s, else the app’s, else none', () => {
    const idOf = (properties: Record<string, string>, applicationId?: string): string =>
      kafkaOptions({ url: 'kafka://a', properties, ...(applicationId && { applicationId }) })
        .applicationId
    assert.equal(idOf({}), '')
    assert.equal(idOf({}, 'orders'), 'orders')
    assert.equal(idOf({ 'application.id': 'Orders_2' }, 'orders'), 'Orders_2')
    assert.equal(idOf({ 'application.id': '' }, 'orders'), '')
    const dotted = { url: 'kafka://a', properties: { 'application.id': 'a.b' } }
    refuses(dotted, /application\.id "a\.b" is not allowed/)
  })

  it('logs in as the Java client does', () => {
    const jaas =
      'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p\\"q";'
    const properties = {
      'bootstrap.servers': 'a',
      'security.protocol': 'sasl_ssl',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.jaas.config': jaas,
    }
    const { sasl, tls } = kafkaOptions({ properties })
    assert.deepEqual(sasl, { mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p"q' })
    assert.notEqual(tls, undefined)
  })

  it('what cannot be or would lose records is refused, with the property', () => {
    const url = 'kafka://a:1'
    refuses({}, /bootstrap\.servers is missing/)
    refuses({ url: 'kafka://a:1:2' }, /"a:1:2" is no address/)
    refuses({ url: 'http://a' }, /write kafka:\/\//)
    refuses({ url: 'kafka://u:secret@a:1' }, /^(?!.*secret).*would end up in logs/)
    refuses({ url, properties: { linger: '5' } }, /"linger" is not a property.*use /)
    refuses({ url, properties: { 'sasl.user': 'u' } }, /did you mean sasl\.username\?/)
    refuses({ url: 'kafka://a?SECURITY_PROTOCOL=SSL' }, /did you mean security\.protocol\?/)
    refuses({ url, properties: { 'bootstrap.server': 'a' } }, /did you mean bootstrap\.servers\?/)
    refuses({ url, properties: { acks: '1' } }, /acks=1 would lose/)
    refuses({ url, properties: { 'request.timeout.ms': 'soon' } }, /"soon" is not a whole number/)
    refuses({ url, properties: { 'security.protocol': 'TLS' } }, /use PLAINTEXT, SSL/)
    refuses({ url, properties: { 'security.protocol': 'SASL_SSL' } }, /sasl\.username is missing/)
    const store = { 'security.protocol': 'SSL', 'ssl.truststore.location': '/x/trust.jks' }
    refuses({ url, properties: store }, /convert it to PEM/)
  })
})
