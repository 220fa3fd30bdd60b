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
  /** Default `embedded`. */
  readonly driver?: LogDriverName
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
export type LogOptions = Required<Omit<OpenLogOptions, 'driver'>>

const CLEAN_INTERVAL_MS = 5 * 60_000

/**
 * Opens the log of a folder, whatever happened to it before; close it when done.
 * Throws LOG_IN_USE, LOG_FORMAT_NEWER, LOG_STORAGE_FAILED.
 *
 * @example
 * const log = await openLog({ dir: 'data/log' })
 * await log.createTopic({ name: 'ratings', partitions: 4 })
 */
export async function openLog({ driver = 'embedded', ...options }: OpenLogOptions): Promise<Log> {
  const found = await logDrivers[driver]()
  return found.open({
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
    recordBytes: defaultLimits.recordBytes,
    cleanIntervalMs: CLEAN_INTERVAL_MS,
    ...options,
    dir: resolve(options.dir),
  })
}
