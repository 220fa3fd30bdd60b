/**
 * Requests to brokers: connections, versions and time-outs. Each kind of traffic has its own lane, since a broker answers
 * the requests of one connection one after the other: a long poll would hold up everything behind it.
 */
import { isIP } from 'node:net'
import * as kafka from '@platformatic/kafka'
import type { Clock } from '../../../core/index.ts'
import { logError } from '../../errors.ts'
import { isPassing, isTimeout, markUnsent, toLogError } from './kafka-errors.ts'
import type { BrokerAddress, KafkaOptions } from './kafka-options.ts'

interface Apis {
  Metadata: typeof kafka.metadataV12.api
  FindCoordinator: typeof kafka.findCoordinatorV6.api
  InitProducerId: typeof kafka.initProducerIdV5.api
  ListOffsets: typeof kafka.listOffsetsV9.api
  JoinGroup: typeof kafka.joinGroupV9.api
  SyncGroup: typeof kafka.syncGroupV5.api
  Heartbeat: typeof kafka.heartbeatV4.api
  LeaveGroup: typeof kafka.leaveGroupV5.api
  OffsetCommit: typeof kafka.offsetCommitV9.api
  OffsetFetch: typeof kafka.offsetFetchV9.api
  CreateTopics: typeof kafka.createTopicsV7.api
  CreatePartitions: typeof kafka.createPartitionsV3.api
  DeleteTopics: typeof kafka.deleteTopicsV6.api
  DescribeConfigs: typeof kafka.describeConfigsV4.api
  DescribeLogDirs: typeof kafka.describeLogDirsV4.api
  ListGroups: typeof kafka.listGroupsV5.api
  DescribeGroups: typeof kafka.describeGroupsV5.api
  DeleteGroups: typeof kafka.deleteGroupsV2.api
}
export type ApiName = keyof Apis
type Args<Name extends ApiName> = Apis[Name] extends kafka.API<infer A, unknown> ? A : never
type Answer<Name extends ApiName> =
  Apis[Name] extends kafka.API<infer _A, infer R> ? Exclude<R, boolean> : never

/** A request whose bytes and answer the driver handles itself. */
export interface RawRequest<Result> {
  readonly api: 'Produce' | 'Fetch'
  write(version: number): kafka.Writer
  read(reader: kafka.Reader, version: number): Result
}

const RAW = { Produce: { key: 0, min: 7, max: 11 }, Fetch: { key: 1, min: 12, max: 17 } } as const
/** From these versions on headers carry tagged fields. */
const FLEXIBLE = { Produce: 9, Fetch: 12 } as const
const MAX_BACKOFF_MS = 1_000

/** Connections to brokers for one kind of traffic. */
export interface Lane {
  send<Name extends ApiName>(
    broker: BrokerAddress | undefined,
    name: Name,
    ...args: Args<Name>
  ): Promise<Answer<Name>>
  sendRaw<Result>(broker: BrokerAddress, request: RawRequest<Result>): Promise<Result>
  close(): Promise<void>
}

export interface LaneOptions {
  readonly requestTimeoutMs?: number
  readonly clientId?: string
}

export class KafkaWire {
  readonly options: KafkaOptions
  readonly clock: Clock
  /** The bootstrap addresses, for messages. */
  readonly at: string
  readonly #lanes = new Set<Lane>()
  /** Every broker that a metadata answer named: a way in when the bootstrap ones are gone. */
  #known: readonly BrokerAddress[] = []
  #versions: Promise<ReadonlyMap<string, { min: number; max: number }>> | undefined
  #isClosed = false

  constructor(options: KafkaOptions, clock: Clock) {
    this.options = options
    this.clock = clock
    this.at = options.bootstrap.map(({ host, port }) => `${host}:${port}`).join(',')
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  learnBrokers(brokers: readonly BrokerAddress[]): void {
    if (brokers.length > 0) this.#known = brokers
  }

  openLane(asked: LaneOptions = {}): Lane {
    this.refuseClosed()
    const { sasl, tls, connectTimeoutMs } = this.options
    const { requestTimeoutMs = this.options.requestTimeoutMs, clientId = this.options.clientId } =
      asked
    const pool = new kafka.ConnectionPool(clientId, {
      connectTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      ...(sasl === undefined ? {} : { sasl }),
      // Servers are named in the handshake; an address is no name (RFC 6066, section 3).
      ...(tls === undefined
        ? {}
        : { tls, tlsServerName: this.options.bootstrap.some(({ host }) => isIP(host) === 0) }),
    })
    const lane: Lane = {
      send: async (broker, name, ...args) => {
        const connection = await this.#connect(pool, broker)
        const api = await this.#api(connection, name)
        const call = api.async as (...all: unknown[]) => Promise<Answer<typeof name>>
        return answered(connection, call(connection, ...args))
      },
      sendRaw: async (broker, request) => {
        const connection = await this.#connect(pool, broker).catch((error: unknown) => {
          throw markUnsent(error)
        })
        return answered(connection, this.#raw(connection, request))
      },
      close: async () => {
        this.#lanes.delete(lane)
        await pool.close().catch(() => {})
      },
    }
    this.#lanes.add(lane)
    return lane
  }

  /** Tries `run` again while the reason passes, until `deadline` (monotonic). Throws the log's errors. */
  async retry<Result>(
    doing: string,
    run: () => Promise<Result>,
    options: { deadline?: number; signal?: AbortSignal; onRetry?: (error: unknown) => void } = {},
  ): Promise<Result> {
    const { deadline = this.clock.monotonic() + this.options.deliveryTimeoutMs } = options
    let backoff = this.options.backoffMs
    for (;;) {
      this.refuseClosed()
      try {
        return await run()
      } catch (error) {
        this.refuseClosed()
        const left = deadline - this.clock.monotonic()
        if (!isPassing(error) || left <= backoff) throw toLogError(error, doing, this.at)
        options.onRetry?.(error)
        await this.clock.sleep(backoff, options.signal)
        backoff = Math.min(backoff * 2, MAX_BACKOFF_MS)
      }
    }
  }

  refuseClosed(): void {
    if (this.#isClosed) throw logError('LOG_CLOSED', 'the log is closed: open it again')
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#lanes].map((lane) => lane.close()))
  }

  async #connect(
    pool: kafka.ConnectionPool,
    broker: BrokerAddress | undefined,
  ): Promise<kafka.Connection> {
    const tried = broker === undefined ? [...this.options.bootstrap, ...this.#known] : [broker]
    const connection = await new Promise<kafka.Connection>((resolve, reject) => {
      pool.getFirstAvailable(
        tried.map(({ host, port }) => ({ host, port })),
        (error, found) => {
          if (error || found === undefined) reject(error ?? new Error('no connection'))
          else resolve(found)
        },
      )
    })
    // The client listens for the first error only; a second one without a listener would end the process.
    if (!guarded.has(connection)) {
      guarded.add(connection)
      connection.on('error', () => {})
    }
    return connection
  }

  async #ranges(
    connection: kafka.Connection,
  ): Promise<ReadonlyMap<string, { min: number; max: number }>> {
    this.#versions ??= answered(
      connection,
      kafka.apiVersionsV3.api.async(connection, 'millrace', '1'),
    ).then(
      ({ apiKeys }) =>
        new Map(apiKeys.map(({ name, minVersion: min, maxVersion: max }) => [name, { min, max }])),
    )
    try {
      return await this.#versions
    } catch (error) {
      this.#versions = undefined
      throw error
    }
  }

  /** The newest version that both sides know. */
  async #api<Name extends ApiName>(connection: kafka.Connection, name: Name): Promise<Apis[Name]> {
    const range = (await this.#ranges(connection)).get(name)
    const known = kafka as unknown as Record<string, { api: Apis[Name] } | undefined>
    const stem = name.slice(0, 1).toLowerCase() + name.slice(1)
    for (let version = range?.max ?? -1; version >= (range?.min ?? 0); version--) {
      const found = known[`${stem}V${version}`]
      if (found !== undefined) return found.api
    }
    throw unsupported(name, this.at)
  }

  async #raw<Result>(connection: kafka.Connection, request: RawRequest<Result>): Promise<Result> {
    const range = (await this.#ranges(connection)).get(request.api)
    const { key, min, max } = RAW[request.api]
    const version = Math.min(range?.max ?? -1, max)
    if (range === undefined || version < Math.max(range.min, min)) {
      throw unsupported(request.api, this.at)
    }
    const isFlexible = version >= FLEXIBLE[request.api]
    return new Promise((resolve, reject) => {
      connection.send<Result>(
        key,
        version,
        () => request.write(version),
        (_correlation, _key, _version, reader) => request.read(reader, version),
        isFlexible,
        isFlexible,
        (error, result) => {
          if (error) reject(error)
          else resolve(result as Result)
        },
      )
    })
  }
}

const guarded = new WeakSet<kafka.Connection>()

/**
 * A connection whose answer did not come in time is closed: the client leaves the late answer in its buffer, and every
 * later one would wait behind it.
 */
async function answered<Result>(
  connection: kafka.Connection,
  answer: Promise<Result>,
): Promise<Result> {
  try {
    return await answer
  } catch (error) {
    if (isTimeout(error)) connection.socket.destroy()
    throw error
  }
}

const unsupported = (name: string, at: string): Error =>
  logError(
    'LOG_UNREACHABLE',
    `the broker at ${at} has no version of ${name} that this driver knows: use Apache Kafka 3.1 or newer`,
    { details: { at, api: name } },
  )
