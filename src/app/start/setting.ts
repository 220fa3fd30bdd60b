/** What every step of a start needs. */
import type { Clock, Limits, Logger } from '../../core/index.ts'
import type { AppFolder } from './app-folder.ts'
import type { Closers } from './closers.ts'
import type { AppDefinition } from '../define-app.ts'
import type { MetricsRegistry } from '../metrics.ts'
import type { StartRole } from '../roles.ts'
import type { StartOptions } from '../running-app.ts'

export interface Setting {
  readonly app: AppDefinition
  readonly options: StartOptions
  readonly roles: ReadonlySet<StartRole>
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Limits
  readonly metrics: MetricsRegistry
  /** Takes everything that a step opens. */
  readonly closers: Closers
  readonly folder: AppFolder
}
