/** What a route costs, and so which line it waits in. */
import type { Limits } from '../../core/index.ts'
import type { AnyRoute, Tag } from '../define-route.ts'

/**
 * `always`: probes, metrics and live streams (which have a cap of their own). `manage`: what changes something and may take
 * long: trainings, flushes, compactions, backups.
 */
export const loadClasses = ['ingest', 'predict', 'query', 'read', 'manage'] as const
export type LoadClass = (typeof loadClasses)[number]

const PREDICTS = new Set<Tag>(['recommendations', 'items', 'users', 'features', 'app'])

export function loadClassOf(route: AnyRoute): LoadClass | 'always' {
  if (route.load !== undefined) return route.load
  if (route.quiet === true || route.answerType === 'text/event-stream') return 'always'
  if (route.takes === 'events') return 'ingest'
  if (PREDICTS.has(route.tag)) return 'predict'
  return route.method === 'GET' ? 'read' : 'manage'
}

export interface LoadRule {
  /** The limit that says how much of it is under way at one time. */
  readonly capacity: keyof Limits
  /** How many times longer than `turnBurstMs` and `turnStandingMs` a request of it may wait for its turn. */
  readonly patience: number
  /** It is refused when the event loop is late by so many times `loopDelayMs`: what matters most goes last. */
  readonly endurance: number
}

export const loadRules: Readonly<Record<LoadClass, LoadRule>> = {
  predict: { capacity: 'predictConcurrent', patience: 1, endurance: 4 },
  ingest: { capacity: 'ingestConcurrentBytes', patience: 2, endurance: 2 },
  query: { capacity: 'sqlConcurrent', patience: 4, endurance: 1 },
  read: { capacity: 'readConcurrent', patience: 2, endurance: 1 },
  manage: { capacity: 'manageConcurrent', patience: 20, endurance: 1 },
}
