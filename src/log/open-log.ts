/** From options to an open log. */
import { resolve } from 'node:path'
import {
  defaultLimits,
  silentLogger,
  silentMetrics,
  systemClock,
  type Clock,
  type Logger,
  type Metrics,
} from '../core/index.ts'
import { logDrivers, type LogDriverName } from './catalog.ts'
import type { Log } from './log.ts'

export interface OpenLogOptions {
  /** Folder of the log. Made when it is not there; one process owns it at a time. */
  readonly dir: string
  /** Default: what `url` says, else `embedded`. */
  readonly driver?: LogDriverName
  /** `kafka://host:port[,host:port][?property=value&…]`: an Apache Kafka cluster instead of the folder. */
  readonly url?: string
  /** Of the Kafka driver, in the Java client's spelling: `security.protocol`, `sasl.username`, … */
  readonly properties?: Readonly<Record<string, string>>
  /** On a cluster: part of the names of own topics and groups, unless the property `application.id` says another. */
  readonly applicationId?: string
  /** Where `KAFKA_` variables are looked up. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: silent. */
  readonly logger?: Logger
  /** Default: silent. */
  readonly metrics?: Metrics
  /** Largest record value, bytes. Default `limits.recordBytes`, 1 MiB. */
  readonly recordBytes?: number
  /** Time between two rounds of retention and compaction, milliseconds. Default 5 min; 0 is never by itself. */
  readonly cleanIntervalMs?: number
}

/** What a driver gets: everything filled in. */
export type LogOptions = Required<Omit<OpenLogOptions, 'driver' | 'url'>> & {
  readonly url: string | undefined
}

const CLEAN_INTERVAL_MS = 5 * 60_000

/**
 * Opens the log of a folder, whatever happened to it before; close it when done.
 * Throws LOG_IN_USE, LOG_FORMAT_NEWER, LOG_STORAGE_FAILED; of a
 * cluster LOG_UNREACHABLE, LOG_ACCESS_DENIED, CORE_INVALID_INPUT.
 *
 * @example
 * const log = await openLog({ dir: 'data/log' })
 * await log.createTopic({ name: 'ratings', partitions: 4 })
 */
export async function openLog({ driver, url, ...options }: OpenLogOptions): Promise<Log> {
  const found = await logDrivers[driver ?? (url === undefined ? 'embedded' : 'kafka')]()
  return found.open({
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
    recordBytes: defaultLimits.recordBytes,
    cleanIntervalMs: CLEAN_INTERVAL_MS,
    properties: {},
    applicationId: '',
    env: process.env,
    ...options,
    url,
    dir: resolve(options.dir),
  })
}
