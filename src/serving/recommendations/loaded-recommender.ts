/** One version in memory, with what was folded into it since. */
import {
  openRecommenderKind,
  type FittedRecommender,
  type History,
  type Taste,
} from '../../models/index.ts'
import type { InteractionTable } from '../../features/index.ts'
import type { ModelVersion, Registry } from '../../registry/index.ts'
import { checkTask, unusable } from '../unusable-version.ts'
import { createNewItems, type NewItems } from './new-items.ts'

export interface FoldedUser {
  readonly taste: Taste
  /** Items of the history that the version does not know. */
  readonly unknown: number
  /** Newest event, milliseconds since 1970; undefined without one. */
  readonly newest: number | undefined
  /** Monotonic milliseconds. */
  readonly foldedAt: number
}

export interface LoadedRecommender {
  readonly record: ModelVersion
  readonly fitted: FittedRecommender
  readonly loadedAt: string
  readonly newItems: NewItems
  /** The user as of everything in the table; kept until the user's next event. */
  fold(user: string, nowMs: number): FoldedUser
}

/** Users whose taste is kept: at 128 factors of 4 bytes and a history, some 20 MB. */
const KEPT_USERS = 10_000

/** Throws REGISTRY_CORRUPT, REGISTRY_ARTIFACT_MISSING, SERVING_UNUSABLE_VERSION. */
export async function loadRecommender(
  registry: Registry,
  table: InteractionTable,
  record: ModelVersion,
  nowMs: number,
): Promise<LoadedRecommender> {
  checkTask(record, 'recommender')
  const artifact = await registry.readArtifact(record.model, record.version)
  try {
    const fitted = (await openRecommenderKind(record.kind)).load(artifact)
    const kept = new Map<string, FoldedUser & { readonly changes: number }>()
    const loaded: LoadedRecommender = {
      record,
      fitted,
      loadedAt: new Date(nowMs).toISOString(),
      newItems: createNewItems(fitted, table, (user, now) => loaded.fold(user, now).taste),
      fold(user, now) {
        const changes = table.userChanges(user)
        const before = kept.get(user)
        kept.delete(user)
        const folded =
          before?.changes === changes ? before : { ...foldUser(fitted, table, user, now), changes }
        kept.set(user, folded)
        for (const oldest of kept.keys()) {
          if (kept.size <= KEPT_USERS) break
          kept.delete(oldest)
        }
        return folded
      },
    }
    return loaded
  } catch (cause) {
    throw unusable(record, cause)
  }
}

function foldUser(
  fitted: FittedRecommender,
  table: InteractionTable,
  user: string,
  foldedAt: number,
): FoldedUser {
  const events = table.history(user)
  const { history, unknown } = historyIn(fitted, events)
  return { taste: fitted.foldIn(history), unknown, newest: events[0]?.time, foldedAt }
}

/** A history by ids in the codes of a version. `items`: each id once. */
export function historyIn(
  { items }: FittedRecommender,
  events: readonly { readonly id: string; readonly value: number; readonly time: number }[],
): { readonly history: History; readonly unknown: number } {
  const known = events
    .map((event) => ({ ...event, code: items.codeOf(event.id) }))
    .filter(({ code }) => code >= 0)
    .toSorted((a, b) => a.code - b.code)
  return {
    history: {
      items: Int32Array.from(known, ({ code }) => code),
      values: Float32Array.from(known, ({ value }) => value),
      times: Float64Array.from(known, ({ time }) => time),
    },
    unknown: events.length - known.length,
  }
}
