/** How a change becomes an entry of the log, and takes effect when it comes back (`entry-follower.ts`). */
import type { Clock, Logger, Metrics } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import type { ArtifactStore } from './artifact-store.ts'
import type { EntryFollower } from './entry-follower.ts'
import { registryError } from './errors.ts'
import type { PromotionPublisher } from './promotion-publisher.ts'
import {
  encodeEntry,
  REGISTRY_TOPIC,
  type ChangeEntry,
  type RegistryEntry,
} from './registry-records.ts'
import type { RegistryState } from './registry-state.ts'
import type { HistoryEntry } from './registry.ts'

/** The durable steps of a registration, then those of a promotion, each named for what has just become durable. */
export const REGISTRY_STEPS = [
  'artifact-staged',
  'artifact-renamed',
  'artifact-synced',
  'version-recorded',
  'change-recorded',
  'promotion-published',
] as const
export type RegistryStep = (typeof REGISTRY_STEPS)[number]

export interface WriterParts {
  readonly log: Log
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly state: RegistryState
  readonly store: ArtifactStore
  readonly follower: EntryFollower
  /** Absent in a process that only follows. */
  readonly publisher: PromotionPublisher | undefined
  readonly notify: (model: string) => void
  readonly failpoint: (step: RegistryStep) => void | Promise<void>
}

/** Resolves when the change is durable, in force and, by the owner, published. */
export async function change(
  parts: WriterParts,
  draft: Omit<ChangeEntry, 'type' | 'at'>,
): Promise<HistoryEntry> {
  const at = new Date(parts.clock.now()).toISOString()
  const entry = await append(parts, { type: 'change', at, ...draft })
  await parts.failpoint('change-recorded')
  await parts.publisher?.settled()
  await parts.failpoint('promotion-published')
  return entry
}

/** Resolves when the entry is durable and applied. Throws REGISTRY_CONFLICT when one before it made it void. */
export async function append(parts: WriterParts, entry: RegistryEntry): Promise<HistoryEntry> {
  const records = encodeEntry(entry, parts.clock.now())
  const appended = await parts.log.append(REGISTRY_TOPIC, records)
  const last = appended.at(-1)
  if (!last) throw new TypeError('the log appended nothing')
  const applied = await parts.follower.applied(last.offset)
  if ('entry' in applied) return applied.entry
  throw registryError(
    'REGISTRY_CONFLICT',
    `the change came too late: ${applied.ignored}; look at the history and repeat it`,
    { details: { reason: applied.ignored } },
  )
}
