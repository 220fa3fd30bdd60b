/** From options to a listening broker. */
import { createServer, isIP, type Server, type Socket } from 'node:net'
import { lookup } from 'node:dns/promises'
import { silentLogger, silentMetrics, systemClock } from '../core/index.ts'
import { defaultBrokerLimits } from './broker-limits.ts'
import type { Broker, BrokerOptions } from './broker.ts'
import { brokerError } from './errors.ts'
import { GroupCoordinator } from './groups/group-coordinator.ts'
import { ByteBudget } from './network/byte-budget.ts'
import { KafkaConnection } from './network/client-connection.ts'
import { RequestMemory } from './network/request-memory.ts'
import type { BrokerParts } from './request-context.ts'
import { BrokerIdentity } from './topics/broker-identity.ts'
import { TopicCreator } from './topics/topic-creator.ts'

const DEFAULT_PORT = 9092
/** How often silent connections are looked for, milliseconds. */
const SWEEP_MS = 5_000

/**
 * Serves a log to Kafka clients; close it before the log.
 * Throws BROKER_PORT_IN_USE, BROKER_NOT_LOOPBACK, BROKER_NO_STORED_BATCHES.
 *
 * @example
 * const broker = await openBroker({ log, port: 9092 })
 * // kcat -b 127.0.0.1:9092 -t ratings -C -o beginning -e
 */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const { host = '127.0.0.1', port = DEFAULT_PORT, allowRemote = false } = options
  await checkHost(host, allowRemote)
  const parts = await openParts(options)
  const broker = new ListeningBroker(parts, options)
  try {
    await broker.listen(host, port)
  } catch (error) {
    await broker.close()
    throw error
  }
  return broker
}

async function openParts(options: BrokerOptions): Promise<BrokerParts> {
  const { log, clock = systemClock, logger = silentLogger, metrics = silentMetrics } = options
  const { wire } = log
  if (wire === undefined) {
    throw brokerError(
      'BROKER_NO_STORED_BATCHES',
      'the log is a client of another broker: point Kafka clients to that one, or use the embedded driver',
    )
  }
  const limits = { ...defaultBrokerLimits, ...options.limits }
  const { contracts = {} } = options
  return {
    log,
    wire,
    clock,
    logger,
    metrics,
    limits,
    contracts,
    groups: new GroupCoordinator({ log, wire, clock, logger, limits }),
    identity: await BrokerIdentity.open(log, clock),
    creator: new TopicCreator({
      log,
      logger,
      limits,
      contracts,
      autoCreate: options.autoCreateTopics ?? true,
    }),
    fetchMemory: new ByteBudget(limits.fetchMemoryBytes),
  }
}

class ListeningBroker implements Broker {
  host = ''
  port = 0
  readonly #parts: BrokerParts
  readonly #options: BrokerOptions
  readonly #memory: RequestMemory
  readonly #connections = new Set<KafkaConnection>()
  readonly #server: Server
  #cancelSweep: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(parts: BrokerParts, options: BrokerOptions) {
    this.#parts = parts
    this.#options = options
    this.#memory = new RequestMemory(parts.limits.requestMemoryBytes)
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = parts.limits.connections
    this.#server.on('drop', () =>
      parts.logger.warn({ connections: parts.limits.connections }, 'too many Kafka clients'),
    )
  }

  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(listenFailed(error, host, port))
      this.#server.once('error', failed)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', failed)
        resolve()
      })
    })
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new TypeError('no TCP address')
    this.host = address.address
    this.port = address.port
    this.#sweep()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#cancelSweep?.()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) connection.end()
    this.#parts.groups.close()
    await closed
  }

  #accept(socket: Socket): void {
    const { advertised } = this.#options
    const connection = new KafkaConnection(socket, {
      parts: this.#parts,
      memory: this.#memory,
      advertised: {
        host: advertised?.host ?? plainAddress(socket.localAddress ?? this.host),
        port: advertised?.port ?? this.port,
      },
      onClosed: () => {
        this.#connections.delete(connection)
        this.#count()
      },
    })
    this.#connections.add(connection)
    this.#count()
  }

  #count(): void {
    this.#parts.metrics.record('broker_connections', {}, this.#connections.size)
  }

  #sweep(): void {
    this.#cancelSweep = this.#parts.clock.after(SWEEP_MS, () => {
      for (const connection of this.#connections) connection.checkLiveness()
      this.#sweep()
    })
  }
}

/** Without the prefix of an IPv4 address on an IPv6 socket. */
const plainAddress = (address: string): string => address.replace(/^::ffff:/, '')

async function checkHost(host: string, allowRemote: boolean): Promise<void> {
  if (allowRemote) return
  const addresses = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host }]
  const isLocal = addresses.every(({ address }) => /^(127\.|::1$)/.test(plainAddress(address)))
  if (isLocal && addresses.length > 0) return
  throw brokerError(
    'BROKER_NOT_LOOPBACK',
    `the broker would listen on ${host}, where other machines reach it without authentication: use 127.0.0.1, or allow it with allowRemote`,
    { details: { host } },
  )
}

function listenFailed(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error
  return brokerError(
    'BROKER_PORT_IN_USE',
    `port ${port} on ${host} is taken: stop what listens there, or choose another port with --broker-port or MILLRACE_BROKER_PORT`,
    { cause: error, details: { host, port } },
  )
}
