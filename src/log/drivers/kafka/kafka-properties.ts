/** The properties that the driver takes, in the Java client's spelling; those of librdkafka for certificates too. */
import { nearestName } from '../../../core/index.ts'

interface PropertySpec {
  readonly default: string
  readonly summary: string
  readonly values?: readonly string[]
}

export const KAFKA_PROPERTIES = {
  'bootstrap.servers': { default: '', summary: 'host:port, with commas between several' },
  'client.id': { default: 'millrace', summary: 'name in the broker’s logs and quotas' },
  'application.id': {
    default: '',
    summary: 'part of the names of own topics and groups; default: the app’s name',
  },
  'security.protocol': {
    default: 'PLAINTEXT',
    summary: 'how to connect',
    values: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
  },
  'sasl.mechanism': {
    default: 'PLAIN',
    summary: 'how to log in',
    values: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
  },
  'sasl.username': { default: '', summary: 'user' },
  'sasl.password': { default: '', summary: 'password' },
  'sasl.jaas.config': { default: '', summary: 'user and password as the Java client takes them' },
  'ssl.truststore.certificates': { default: '', summary: 'trusted certificates, PEM' },
  'ssl.truststore.location': { default: '', summary: 'file of trusted certificates, PEM' },
  'ssl.ca.location': { default: '', summary: 'the same, as librdkafka spells it' },
  'ssl.keystore.certificate.chain': { default: '', summary: 'own certificate, PEM' },
  'ssl.certificate.location': { default: '', summary: 'file of the own certificate, PEM' },
  'ssl.keystore.key': { default: '', summary: 'own key, PEM' },
  'ssl.key.location': { default: '', summary: 'file of the own key, PEM' },
  'ssl.key.password': { default: '', summary: 'password of the own key' },
  'ssl.endpoint.identification.algorithm': {
    default: 'https',
    summary: 'empty: the broker’s name is not compared with its certificate',
  },
  'compression.type': {
    default: 'none',
    summary: 'of what we send',
    values: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  },
  acks: { default: 'all', summary: 'always all' },
  'enable.idempotence': { default: 'true', summary: 'always true' },
  'enable.auto.commit': { default: 'false', summary: 'always false' },
  'isolation.level': {
    default: 'read_committed',
    summary: 'whether records of aborted transactions are read',
    values: ['read_committed', 'read_uncommitted'],
  },
  'replication.factor': { default: '3', summary: 'copies of a topic that we create' },
  'batch.size': { default: '1000000', summary: 'most bytes of one batch' },
  'socket.connection.setup.timeout.ms': { default: '5000', summary: 'for one connection' },
  'request.timeout.ms': { default: '15000', summary: 'for one answer' },
  'delivery.timeout.ms': { default: '30000', summary: 'for one append, with all retries' },
  'session.timeout.ms': { default: '10000', summary: 'a silent member leaves its group' },
  'heartbeat.interval.ms': { default: '500', summary: 'between two heartbeats of a member' },
  'max.poll.interval.ms': { default: '60000', summary: 'for finishing before partitions go' },
  'metadata.max.age.ms': { default: '30000', summary: 'until partitions are looked up again' },
  'retry.backoff.ms': { default: '100', summary: 'before the first retry; doubles up to 1 s' },
} as const satisfies Record<string, PropertySpec>

export type KafkaProperty = keyof typeof KAFKA_PROPERTIES

/** The property that is near, when one is; else all. */
export function propertyHint(name: string): string {
  const known = Object.keys(KAFKA_PROPERTIES)
  const nearest = nearestName(name.toLowerCase().replaceAll('_', '.'), known)
  return nearest === undefined ? `use ${known.join(', ')}` : `did you mean ${nearest}?`
}
