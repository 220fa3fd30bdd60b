/**
 * A running app: every room, opened and connected. `startApp` makes one; `api/` and `cli/` only ever see this.
 *
 * Start order: data folder → log → lake → registry → sinks → features → serving → trainer → streams → broker → sources. Stop is the
 * reverse: sources stop, Kafka clients are let go, requests finish, sinks write their open batch, everything closes; the log closes last.
 */
import type { Broker, BrokerListener } from '../broker/index.ts'
import type { Clock, Limits, Logger, MetricName, MetricLabels } from '../core/index.ts'
import type { FeatureStore } from '../features/index.ts'
import type { Ingest } from '../ingest/index.ts'
import type { Lake } from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Recommendations, Serving } from '../serving/index.ts'
import type { SandboxResult } from '../sql/index.ts'
import type { DerivedStream, TableSink } from '../stream/index.ts'
import type { ModelSpec, Trainer } from '../training/index.ts'
import type { AppDefinition, RouteContext } from './define-app.ts'
import type { ItemWriter } from './item-writer.ts'
import type { Ledger } from './ledger.ts'
import type { StartRole } from './roles.ts'
import type { StoredProblem } from './verify-stores.ts'

export type Role = 'ingest' | 'query' | 'serve'

export interface RoleReadiness {
  readonly role: Role
  readonly ready: boolean
  /** What is missing and how much, in sentences: "like needs 200 labelled events, has 37". Empty when ready. */
  readonly waiting: readonly string[]
  /** What works and is weaker than promised, in sentences: topics on a cluster that keep one copy. */
  readonly warnings: readonly string[]
}

export interface StartOptions {
  readonly dataDir: string
  /** `kafka://host:port`: events are kept on that cluster instead of the data folder. */
  readonly log?: string
  /** What of the app runs in this process: `roles.ts`. Default: everything. Throws APP_INVALID_ROLES. */
  readonly roles?: readonly string[]
  /**
   * While that cluster is away: `refuse` (default) answers 503 with Retry-After, `spool` keeps events in the data folder, up to
   * `limits.spoolBytes`, and sends them in their order when it is back.
   */
  readonly onOutage?: 'refuse' | 'spool'
  readonly clock?: Clock
  readonly logger?: Logger
  readonly limits?: Partial<Limits>
  /** Folder or zip with the files that the app's sources name. Absent: generators. */
  readonly sourceData?: string
  /** Overrides of the sources. */
  readonly replay?: {
    readonly rate?: number
    readonly order?: 'event-time' | 'file'
    readonly enabled?: boolean
  }
  /** Where Kafka clients reach the log. Default false: nowhere. */
  readonly broker?: BrokerPlace | false
  /** False: models train by hand only. Default true. */
  readonly training?: boolean
}

export interface BrokerPlace {
  /** 0 lets the system choose. Default 9092. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Needed besides a host that is not loopback. */
  readonly allowRemote?: boolean
  /** What clients are told to connect to. Default: where they connected to. */
  readonly advertised?: { readonly host: string; readonly port?: number }
  /** In place of the one port: several, with what the clients of each are told. */
  readonly listeners?: readonly BrokerListener[]
  /** Go on without it, with a warning, when the port is taken or the log is a client of other brokers. Default false. */
  readonly optional?: boolean
}

/** Runs a user's SQL over history and tail (design D7). */
export interface QueryService {
  run(
    sql: string,
    options?: {
      params?: readonly (string | number | boolean | null)[]
      maxRows?: number
      timeoutMs?: number
      signal?: AbortSignal
    },
  ): Promise<SandboxResult>
  /** Queries that were asked and have no answer yet. */
  readonly underWay: number
}

export interface RunningApp {
  readonly definition: AppDefinition
  readonly dataDir: string
  readonly startedAt: string
  /** What of the app runs here. */
  readonly roles: ReadonlySet<StartRole>
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Limits
  readonly log: Log
  /** Undefined when no Kafka client can come. */
  readonly broker: Broker | undefined
  readonly ingest: Ingest
  readonly lake: Lake
  /** By table name; also the tables that the product itself feeds (`predictions`). */
  readonly sinks: ReadonlyMap<string, TableSink>
  /** By name. */
  readonly streams: ReadonlyMap<string, DerivedStream>
  readonly features: FeatureStore
  readonly registry: Registry
  readonly trainer: Trainer
  readonly serving: Serving
  /** Lists of the app's recommenders. */
  readonly recommendations: Recommendations
  /** Catalogue entries of the recommenders. */
  readonly items: ItemWriter
  /** The declared models, by name. */
  readonly models: ReadonlyMap<string, ModelSpec>
  readonly query: QueryService
  readonly routes: RouteContext
  /** Where every event of a topic is (promise P9). Throws LOG_UNKNOWN_TOPIC. */
  ledger(topic: string): Promise<Ledger>
  /** Compares everything stored with its checksums, as fast as it can be read (promise P6). */
  verify(): Promise<readonly StoredProblem[]>
  /** One entry per role; probes the real thing, not a flag. */
  readiness(role?: Role): Promise<readonly RoleReadiness[]>
  /** Warnings that a person should see: file order, missing files, quarantined versions. */
  warnings(): readonly string[]
  record<Name extends MetricName>(name: Name, labels: MetricLabels<Name>, value: number): void
  /** Prometheus text exposition. */
  metricsText(): Promise<string>
  /** Resolves when everything is durable and closed; idempotent. */
  stop(): Promise<void>
}
