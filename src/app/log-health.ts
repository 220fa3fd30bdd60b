/** What the log keeps of its first promise where it is on a cluster (P1): told at the start and by the ingest probe. */
import { isInternalTopic, type Logger } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import type { AppDefinition } from './define-app.ts'

/** A fault must show in the probe within 2 s. */
export const PROBE_MS = 1_000

export interface LogHealth {
  /** Sentences for people: what may be lost with the cluster as it is set up. Empty for the folder's own log. */
  readonly shortcomings: readonly string[]
  /** Sentences: why an event would not be stored now. Asks the brokers each time. */
  faults(): Promise<readonly string[]>
}

/** Call it when the topics are there. Throws LOG_UNREACHABLE. */
export async function openLogHealth(
  log: Log,
  app: AppDefinition,
  logger: Logger,
): Promise<LogHealth> {
  const { cluster } = log
  if (cluster === undefined) return { shortcomings: [], faults: () => Promise.resolve([]) }
  const declared = Object.keys(app.topics)
  const own = (await log.topics()).map(({ name }) => name).filter(isInternalTopic)
  const shortcomings = await cluster.shortcomings([...declared, ...own])
  for (const one of shortcomings) logger.warn({ at: cluster.at }, one)
  return { shortcomings, faults: () => cluster.faults(declared, PROBE_MS) }
}
