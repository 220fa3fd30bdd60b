/**
 * Where the cluster is and how to talk to it: an address `kafka://host:port[,host:port][?property=value&…]`, properties in
 * the Java client's spelling, and environment variables `KAFKA_` + the upper-cased property (`KAFKA_BOOTSTRAP_SERVERS`).
 * The address wins over properties, properties over the environment.
 */
import { readFileSync } from 'node:fs'
import { createSecureContext, type ConnectionOptions as TlsOptions } from 'node:tls'
import { coreError, quote } from '../../../core/index.ts'
import { KAFKA_PROPERTIES, propertyHint, type KafkaProperty } from './kafka-properties.ts'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

export interface SaslOptions {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: string
}

export interface KafkaOptions {
  readonly bootstrap: readonly BrokerAddress[]
  readonly clientId: string
  /** Empty: own topics and groups have their short names. */
  readonly applicationId: string
  readonly sasl: SaslOptions | undefined
  readonly tls: TlsOptions | undefined
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** Copies of a new topic's partitions; undefined is three, or as many as there are brokers. */
  readonly replicationFactor: number | undefined
  readonly batchBytes: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly rebalanceTimeoutMs: number
  readonly metadataMaxAgeMs: number
  readonly backoffMs: number
  /** 1 reads committed transactions only, 0 everything. */
  readonly isolation: 0 | 1
}

export interface KafkaSource {
  readonly url?: string
  readonly properties?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** When no property says another. */
  readonly applicationId?: string
}

const DEFAULT_PORT = 9092
const SCHEME = 'kafka://'

const invalid = (message: string, property: string): Error =>
  coreError('CORE_INVALID_INPUT', message, { details: { property } })

/** Throws CORE_INVALID_INPUT, which names the property. */
export function kafkaOptions(source: KafkaSource): KafkaOptions {
  const all = gather(source)
  const get = (name: KafkaProperty): string | undefined => all.get(name)
  const whole = (name: KafkaProperty): number => {
    const text = get(name) ?? KAFKA_PROPERTIES[name].default
    const value = Number(text)
    if (Number.isSafeInteger(value) && value > 0) return value
    throw invalid(`${name} ${quote(text)} is not a whole number above 0`, name)
  }
  const protocol = oneOf(get, 'security.protocol')
  refuseWeaker(get)
  return {
    bootstrap: addresses(get('bootstrap.servers')),
    clientId: get('client.id') ?? KAFKA_PROPERTIES['client.id'].default,
    applicationId: applicationId(get('application.id') ?? source.applicationId ?? ''),
    sasl: protocol.startsWith('SASL') ? sasl(get) : undefined,
    tls: protocol.endsWith('SSL') ? tls(get) : undefined,
    compression: oneOf(get, 'compression.type') as KafkaOptions['compression'],
    replicationFactor: (get('replication.factor') && whole('replication.factor')) || undefined,
    batchBytes: whole('batch.size'),
    connectTimeoutMs: whole('socket.connection.setup.timeout.ms'),
    requestTimeoutMs: whole('request.timeout.ms'),
    deliveryTimeoutMs: whole('delivery.timeout.ms'),
    sessionTimeoutMs: whole('session.timeout.ms'),
    heartbeatMs: whole('heartbeat.interval.ms'),
    rebalanceTimeoutMs: whole('max.poll.interval.ms'),
    metadataMaxAgeMs: whole('metadata.max.age.ms'),
    backoffMs: whole('retry.backoff.ms'),
    isolation: oneOf(get, 'isolation.level') === 'read_committed' ? 1 : 0,
  }
}

function applicationId(id: string): string {
  if (id === '' || /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(id)) return id
  const rule = 'use 1 to 64 letters, digits, "_" or "-", or nothing'
  throw invalid(`application.id ${quote(id)} is not allowed: ${rule}`, 'application.id')
}

type Get = (name: KafkaProperty) => string | undefined

function gather({ url, properties = {}, env = {} }: KafkaSource): Map<string, string> {
  const all = new Map<string, string>()
  for (const name of Object.keys(KAFKA_PROPERTIES)) {
    const value = env[`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`]
    if (value !== undefined && value !== '') all.set(name, value)
  }
  const set = (name: string, value: string): void => {
    if (!(name in KAFKA_PROPERTIES)) {
      throw invalid(
        `${quote(name)} is not a property of the Kafka driver: ${propertyHint(name)}`,
        name,
      )
    }
    all.set(name, value)
  }
  for (const [name, value] of Object.entries(properties)) set(name, value)
  if (url === undefined) return all
  if (!url.startsWith(SCHEME)) {
    throw invalid(`${quote(url)} is not an address of Kafka: write kafka://host:9092`, 'url')
  }
  const [hosts = '', query = ''] = url.slice(SCHEME.length).split('?', 2)
  if (hosts.includes('@')) {
    const how = 'pass sasl.username and sasl.password as properties or KAFKA_ variables'
    throw invalid(`a password in the address of Kafka would end up in logs: ${how}`, 'url')
  }
  for (const [name, value] of new URLSearchParams(query)) set(name, value)
  if (hosts.replace(/\/$/, '') !== '') all.set('bootstrap.servers', hosts.replace(/\/$/, ''))
  return all
}

function addresses(text: string | undefined): BrokerAddress[] {
  const parts = (text ?? '').split(',').map((part) => part.trim())
  return parts.map((part) => {
    const found = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+)(?::(\d{1,5}))?$/.exec(part)
    const port = Number(found?.[2] ?? DEFAULT_PORT)
    if (found?.[1] !== undefined && port > 0 && port < 65_536) {
      return { host: found[1].replace(/^\[|\]$/g, ''), port }
    }
    const say = text === undefined ? 'bootstrap.servers is missing' : `${quote(part)} is no address`
    throw invalid(`${say}: write host:port, with commas between several`, 'bootstrap.servers')
  })
}

function oneOf(get: Get, name: KafkaProperty): string {
  const { values = [], default: preset } = KAFKA_PROPERTIES[name] as {
    values?: readonly string[]
    default: string
  }
  const value = get(name) ?? preset
  const found = values.find((one) => one.toLowerCase() === value.toLowerCase())
  if (found !== undefined) return found
  throw invalid(`${name} ${quote(value)} is not known: use ${values.join(', ')}`, name)
}

/** Settings of the Java client that would break a promise of the log. */
function refuseWeaker(get: Get): void {
  for (const [name, right] of [
    ['acks', ['all', '-1']],
    ['enable.idempotence', ['true']],
    ['enable.auto.commit', ['false']],
  ] as const) {
    const value = get(name)
    if (value === undefined || (right as readonly string[]).includes(value)) continue
    throw invalid(`${name}=${value} would lose or repeat records: leave it at ${right[0]}`, name)
  }
}

function sasl(get: Get): SaslOptions {
  const mechanism = oneOf(get, 'sasl.mechanism') as SaslOptions['mechanism']
  const jaas = get('sasl.jaas.config') ?? ''
  const field = (name: string): string | undefined =>
    new RegExp(`\\b${name}\\s*=\\s*"((?:[^"\\\\]|\\\\.)*)"`)
      .exec(jaas)?.[1]
      ?.replaceAll(/\\(.)/g, '$1')
  const username = get('sasl.username') ?? field('username')
  const password = get('sasl.password') ?? field('password')
  if (username !== undefined && password !== undefined) return { mechanism, username, password }
  const missing = username === undefined ? 'sasl.username' : 'sasl.password'
  throw invalid(`${missing} is missing: set it, or sasl.jaas.config with both`, missing)
}

function tls(get: Get): TlsOptions {
  const file = (name: KafkaProperty): Buffer | undefined => {
    const path = get(name)
    if (path === undefined) return undefined
    if (/\.(jks|p12|pfx)$/i.test(path)) {
      throw invalid(`${name} ${quote(path)} is a Java key store: convert it to PEM`, name)
    }
    try {
      return readFileSync(path)
    } catch (error) {
      const why = (error as Error).message
      throw invalid(`${name} ${quote(path)} cannot be read (${why}): check path and rights`, name)
    }
  }
  const ca =
    get('ssl.truststore.certificates') ?? file('ssl.ca.location') ?? file('ssl.truststore.location')
  const chain = get('ssl.keystore.certificate.chain') ?? file('ssl.certificate.location')
  const key = get('ssl.keystore.key') ?? file('ssl.key.location')
  const passphrase = get('ssl.key.password')
  const checksNames = get('ssl.endpoint.identification.algorithm') !== ''
  const material = {
    ...(ca === undefined ? {} : { ca }),
    ...(chain === undefined ? {} : { cert: chain }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  }
  checkMaterial(material)
  return { ...material, ...(checksNames ? {} : { checkServerIdentity: () => undefined }) }
}

/** Certificates and keys are read once, here, where the property can be named. */
function checkMaterial(material: TlsOptions): void {
  const parts = [
    [
      { ca: material.ca },
      'ssl.ca.location or ssl.truststore.*',
      'give trusted certificates in PEM',
    ],
    [
      { key: material.key, passphrase: material.passphrase },
      'ssl.key.location or ssl.keystore.key',
      'give a key in PEM, and its password in ssl.key.password',
    ],
    [material, 'ssl.certificate.location and ssl.key.location', 'give a certificate and its key'],
  ] as const
  for (const [part, name, remedy] of parts) {
    try {
      createSecureContext(part)
    } catch (error) {
      throw invalid(`${name} cannot be used (${(error as Error).message}): ${remedy}`, name)
    }
  }
}
