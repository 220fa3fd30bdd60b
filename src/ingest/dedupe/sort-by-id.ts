/** Which events of a group are new, by the ids that their senders gave; an event without one is always new. */
import type { NewRecord } from '../../core/index.ts'
import type { Appended } from '../../log/index.ts'
import type { IdPlace } from './id-index.ts'
import type { IdStore } from './id-store.ts'

export interface WithId {
  readonly record: NewRecord
  readonly givenId: string | undefined
}

export interface SortedById<Event> {
  readonly fresh: readonly Event[]
  /** Where the records lie that duplicates repeat. */
  readonly duplicates: readonly IdPlace[]
  /** Duplicates of events of this group: for each the index in `fresh`. */
  readonly repeats: readonly number[]
  readonly conflicts: readonly Event[]
  /** The fresh events are durable at these places, in their order. */
  settle(appended: readonly Appended[]): void
  /** Must be called, also after a failure. */
  release(): void
}

export async function sortById<Event extends WithId>(
  store: IdStore,
  topic: string,
  events: readonly Event[],
): Promise<SortedById<Event>> {
  const given: { id: string; bytes: Uint8Array }[] = []
  for (const { givenId, record } of events) {
    if (givenId !== undefined) given.push({ id: givenId, bytes: record.value ?? new Uint8Array() })
  }
  const nothing = { duplicates: [], repeats: [], conflicts: [], settle() {}, release() {} }
  if (given.length === 0) return { fresh: events, ...nothing }
  const claim = await store.claim(topic, given)
  const fresh: Event[] = []
  /** Indexes in `fresh` of the claim's new events, in the claim's order. */
  const claimed: number[] = []
  const freshAt = new Map<number, number>()
  const duplicates: IdPlace[] = []
  const repeats: number[] = []
  const conflicts: Event[] = []
  let at = 0
  for (const event of events) {
    const index = event.givenId === undefined ? undefined : at++
    const verdict = index === undefined ? undefined : claim.verdicts[index]
    if (verdict?.kind === 'duplicate') duplicates.push(verdict.place)
    else if (verdict?.kind === 'repeat') repeats.push(freshAt.get(verdict.of)!)
    else if (verdict?.kind === 'conflict') conflicts.push(event)
    else {
      if (index !== undefined) {
        freshAt.set(index, fresh.length)
        claimed.push(fresh.length)
      }
      fresh.push(event)
    }
  }
  return {
    fresh,
    duplicates,
    repeats,
    conflicts,
    settle: (appended) => claim.settle(claimed.map((index) => appended[index]!)),
    release: () => claim.release(),
  }
}
