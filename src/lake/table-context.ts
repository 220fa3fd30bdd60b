import type { Clock, Logger } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import type { Failpoint } from './failpoint.ts'
import type { Maintenance, PartitionColumn } from './lake.ts'
import type { TableLayout } from './layout.ts'

/** What every step of one table needs. */
export interface TableContext {
  readonly name: string
  readonly topic: string
  readonly partitionBy: readonly PartitionColumn[]
  readonly maintenance: Maintenance
  readonly layout: TableLayout
  readonly engine: SqlEngine
  /** Tables up to here are compared with their digests before they are first read. */
  readonly checkBytes: number
  readonly clock: Clock
  readonly logger: Logger
  readonly failpoint: Failpoint | undefined
  /** Merging runs on an engine of its own so that commits go on. */
  readonly openMergeEngine: () => Promise<SqlEngine>
}

/** Readers of a replaced generation have this long to finish. */
export const RETIRED_GENERATION_MS = 10 * 60_000
