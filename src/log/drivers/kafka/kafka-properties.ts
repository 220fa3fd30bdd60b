/** The properties that the driver takes, in the Java client's spelling; those of librdkafka for certificates too. */

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

/** The nearest property by edits, when one is near; else all. */
export function propertyHint(name: string): string {
  const wanted = name.toLowerCase().replaceAll('_', '.')
  const [nearest] = Object.keys(KAFKA_PROPERTIES)
    .map((known) => ({ known, edits: known.startsWith(wanted) ? 1 : editDistance(wanted, known) }))
    .toSorted((a, b) => a.edits - b.edits)
  if (nearest !== undefined && nearest.edits <= Math.max(2, wanted.length / 4)) {
    return `did you mean ${nearest.known}?`
  }
  return `use ${Object.keys(KAFKA_PROPERTIES).join(', ')}`
}

/** Levenshtein's distance: fewest insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced))
    }
    row = next
  }
  return row[b.length]!
}
