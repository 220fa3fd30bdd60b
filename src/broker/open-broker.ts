/** From options to a listening broker. */
import { createServer, isIP, type Server, type Socket } from 'node:net'
import { lookup } from 'node:dns/promises'
import { silentLogger, silentMetrics, systemClock } from '../core/index.ts'
import { defaultBrokerLimits } from './broker-limits.ts'
import type { Broker, BrokerAddress, BrokerListener, BrokerOptions } from './broker.ts'
import { brokerError } from './errors.ts'
import { GroupCoordinator } from './groups/group-coordinator.ts'
import { ByteBudget } from './network/byte-budget.ts'
import { ReadAhead } from './network/read-ahead.ts'
import { KafkaConnection } from './network/client-connection.ts'
import { RequestMemory } from './network/request-memory.ts'
import type { BrokerParts } from './request-context.ts'
import { BrokerIdentity } from './topics/broker-identity.ts'
import { TopicCreator } from './topics/topic-creator.ts'

const DEFAULT_PORT = 9092
const LOOPBACK = '127.0.0.1'
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
  const { listeners = [options], allowRemote = false } = options
  const isRemote = await Promise.all(
    listeners.map(({ host = LOOPBACK }) => isReachable(host, allowRemote)),
  )
  const parts = await openParts(options)
  const broker = new ListeningBroker(parts)
  try {
    for (const [at, listener] of listeners.entries()) {
      await broker.listen(listener, isRemote[at] ?? true)
    }
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
    readAhead: new ReadAhead(clock, limits.readAheadBytes),
  }
}

class ListeningBroker implements Broker {
  readonly addresses: BrokerAddress[] = []
  readonly #parts: BrokerParts
  readonly #memory: RequestMemory
  readonly #connections = new Set<KafkaConnection>()
  readonly #servers: Server[] = []
  #cancelSweep: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(parts: BrokerParts) {
    this.#parts = parts
    this.#memory = new RequestMemory(parts.limits.requestMemoryBytes)
    this.#sweep()
  }

  async listen(listener: BrokerListener, isRemote: boolean): Promise<void> {
    const { host = LOOPBACK, port = DEFAULT_PORT } = listener
    const server = createServer((socket) => this.#accept(socket, listener))
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(listenFailed(error, host, port))
      server.once('error', failed)
      server.listen({ host, port }, () => {
        server.off('error', failed)
        resolve()
      })
    })
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('no TCP address')
    this.#servers.push(server)
    this.addresses.push({ host: address.address, port: address.port, isRemote })
    if (!isRemote) return
    this.#parts.logger.warn(
      this.addresses.at(-1)!,
      'other machines reach this port for Kafka clients, and nobody has to prove who they are',
    )
  }

  get host(): string {
    return this.addresses[0]?.host ?? ''
  }

  get port(): number {
    return this.addresses[0]?.port ?? 0
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#cancelSweep?.()
    const closed = Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    )
    for (const connection of this.#connections) connection.end()
    this.#parts.groups.close()
    await closed
  }

  #accept(socket: Socket, { advertised }: BrokerListener): void {
    if (this.#connections.size >= this.#parts.limits.connections) {
      socket.destroy()
      this.#parts.logger.warn({ connections: this.#connections.size }, 'too many Kafka clients')
      return
    }
    const connection = new KafkaConnection(socket, {
      parts: this.#parts,
      memory: this.#memory,
      advertised: {
        host: advertised?.host ?? plainAddress(socket.localAddress ?? this.host),
        port: advertised?.port ?? socket.localPort ?? this.port,
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

/** True when other machines reach the address. Throws BROKER_NOT_LOOPBACK when they may not. */
async function isReachable(host: string, allowRemote: boolean): Promise<boolean> {
  const addresses = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host }]
  const isLocal = addresses.every(({ address }) => /^(127\.|::1$)/.test(plainAddress(address)))
  if (isLocal && addresses.length > 0) return false
  if (allowRemote) return true
  throw brokerError(
    'BROKER_NOT_LOOPBACK',
    `the broker would listen on ${host}, where other machines reach it without authentication: use 127.0.0.1, or allow it with --broker-allow-remote`,
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
