/** What an API's `handle` gets beside its request: who asks, and the parts of the broker. */
import type { Clock, Logger, Metrics } from '../core/index.ts'
import type { BatchReader, Log, LogWire } from '../log/index.ts'
import type { BrokerLimits, TopicContracts } from './broker.ts'
import type { GroupCoordinator } from './groups/group-coordinator.ts'
import type { ByteBudget } from './network/byte-budget.ts'
import type { ReadAhead } from './network/read-ahead.ts'
import type { BrokerIdentity } from './topics/broker-identity.ts'
import type { TopicCreator } from './topics/topic-creator.ts'

/** The parts of a broker that answer requests; one for all connections. */
export interface BrokerParts {
  readonly log: Log
  readonly wire: LogWire
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits: BrokerLimits
  readonly contracts: TopicContracts
  readonly groups: GroupCoordinator
  readonly identity: BrokerIdentity
  readonly creator: TopicCreator
  /** Memory of record batches on their way to clients. */
  readonly fetchMemory: ByteBudget
  readonly readAhead: ReadAhead
}

/** What a connection remembers between requests. */
export interface ClientConnection {
  /** Address of the client. */
  readonly remoteHost: string
  /** Where the client should connect to. */
  readonly advertised: { readonly host: string; readonly port: number }
  /** Aborts when the connection ends. */
  readonly signal: AbortSignal
  /** Readers that remember their place, by topic and partition. */
  readonly readers: Map<string, BatchReader>
  /** Runs when the response that is being made was sent, or never will be. */
  afterResponse(run: () => void): void
}

export interface RequestContext extends BrokerParts {
  readonly apiVersion: number
  /** What ApiVersions tells. */
  readonly apiKeys: readonly {
    readonly apiKey: number
    readonly minVersion: number
    readonly maxVersion: number
  }[]
  /** What the client calls itself, `''` when it does not say. */
  readonly clientId: string
  readonly connection: ClientConnection
}
