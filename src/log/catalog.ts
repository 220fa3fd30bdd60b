/** The log drivers: one lazy line each. */
import type { Log } from './log.ts'
import type { LogOptions } from './open-log.ts'

export interface LogDriver {
  readonly name: string
  readonly summary: string
  open(options: LogOptions): Promise<Log>
}

export const logDrivers = {
  embedded: async () => (await import('./drivers/embedded/index.ts')).embeddedDriver,
  kafka: async () => (await import('./drivers/kafka/index.ts')).kafkaDriver,
} as const satisfies Record<string, () => Promise<LogDriver>>

export type LogDriverName = keyof typeof logDrivers
