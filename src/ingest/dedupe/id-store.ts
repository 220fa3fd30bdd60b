/**
 * An id that the sender gave is stored once in a topic within the window (I7), also when the process ends at any instruction.
 *
 * The records are the truth: each carries its id and its arrival. In memory is only an index of places, built from the
 * topic's end when an id comes for the first time after a start. A hit is proven by reading the record, so a digest that two
 * ids share, or a topic that was deleted and made again, never costs an event.
 *
 * Calls with different ids run side by side, for the log joins their appends. A call that carries an id which another is
 * just appending waits for that one. An append that fails may have stored a part: the index is thrown away.
 */
import type { Clock } from '../../core/index.ts'
import type { Appended, Log } from '../../log/index.ts'
import { digestOf, IdIndex, type IdPlace } from './id-index.ts'
import { idOf, placeKey, readIds, visitPlaces } from './id-records.ts'

export interface GivenEvent {
  readonly id: string
  readonly bytes: Uint8Array
}

/** `conflict`: the id is there with other bytes. `repeat`: the same event stands earlier in the same claim. */
export type IdVerdict =
  | { readonly kind: 'new' }
  | { readonly kind: 'duplicate'; readonly place: IdPlace }
  | { readonly kind: 'repeat'; readonly of: number }
  | { readonly kind: 'conflict' }

export interface IdClaim {
  /** In the order of the events. */
  readonly verdicts: readonly IdVerdict[]
  /** The new events are durable at these places, in their order. */
  settle(appended: readonly Appended[]): void
  /** Ends the claim; without `settle` before, the index is read again from the log. Idempotent. */
  release(): void
}

export interface IdStore {
  /** The topic is there. Until the claim is released, other calls with the same ids wait. */
  claim(topic: string, events: readonly GivenEvent[]): Promise<IdClaim>
}

export interface IdStoreOptions {
  readonly log: Log
  readonly clock: Clock
  readonly windowMs: number
  readonly maxIds: number
}

interface Entry {
  index: IdIndex | undefined
  /** Being filled: what settles meanwhile goes in as well. */
  building: IdIndex | undefined
  loading: Promise<void> | undefined
  readonly pending: Map<string, Promise<void>>
}

export function createIdStore(options: IdStoreOptions): IdStore {
  const { log, clock, windowMs, maxIds } = options
  const entries = new Map<string, Entry>()
  const nowSeconds = (): number => Math.floor(clock.now() / 1_000)
  const sinceSeconds = (): number => Math.max(0, Math.floor((clock.now() - windowMs) / 1_000))

  const entryOf = (topic: string): Entry => {
    const entry = entries.get(topic) ?? {
      index: undefined,
      building: undefined,
      loading: undefined,
      pending: new Map<string, Promise<void>>(),
    }
    entries.set(topic, entry)
    return entry
  }

  const load = (topic: string, entry: Entry): Promise<void> =>
    (entry.loading ??= (async () => {
      const index = (entry.building = new IdIndex(maxIds))
      try {
        await readIds(log, topic, index, maxIds)
        index.expire(sinceSeconds())
        // A failed append has asked meanwhile to begin again.
        if (entry.building === index) entry.index = index
      } finally {
        entry.building = undefined
        entry.loading = undefined
      }
    })())

  /** Waits until nobody else is appending one of the ids, then takes them all at once. */
  const reserve = async (topic: string, entry: Entry, ids: ReadonlySet<string>) => {
    for (;;) {
      const busy = [...ids].map((id) => entry.pending.get(id)).find((one) => one !== undefined)
      if (busy) await busy
      else if (!entry.index) await load(topic, entry)
      else break
    }
    let free = (): void => {}
    const freed = new Promise<void>((resolve) => (free = resolve))
    for (const id of ids) entry.pending.set(id, freed)
    return () => {
      for (const id of ids) entry.pending.delete(id)
      free()
    }
  }

  return {
    async claim(topic, events) {
      const entry = entryOf(topic)
      const free = await reserve(topic, entry, new Set(events.map(({ id }) => id)))
      let state: 'open' | 'settled' | 'released' = 'open'
      const release = (): void => {
        if (state === 'released') return
        if (state === 'open') {
          entry.index = undefined
          entry.building = undefined
        }
        state = 'released'
        free()
      }
      try {
        const index = entry.index!
        index.expire(sinceSeconds())
        const verdicts = await judge(log, topic, index, sinceSeconds(), events)
        const fresh = events.filter((_, at) => verdicts[at]?.kind === 'new')
        if (fresh.length === 0) state = 'settled'
        const settle = (appended: readonly Appended[]): void => {
          const into = entry.index ?? entry.building
          for (const [at, { id }] of fresh.entries()) {
            into?.set(digestOf(id), appended[at]!, nowSeconds())
          }
          state = 'settled'
        }
        return { verdicts, settle, release }
      } catch (error) {
        release()
        throw error
      }
    },
  }
}

async function judge(
  log: Log,
  topic: string,
  index: IdIndex,
  sinceSeconds: number,
  events: readonly GivenEvent[],
): Promise<IdVerdict[]> {
  const hits = new Map<string, number[]>()
  const places: IdPlace[] = []
  for (const [at, { id }] of events.entries()) {
    const place = index.get(digestOf(id), sinceSeconds)
    if (!place) continue
    places.push(place)
    hits.set(placeKey(place), [...(hits.get(placeKey(place)) ?? []), at])
  }
  const verdicts = Array.from<IdVerdict | undefined>({ length: events.length })
  await visitPlaces(log, topic, places, (record) => {
    const { partition, offset, value } = record
    const stored = idOf(record)
    for (const at of hits.get(placeKey(record)) ?? []) {
      const { id, bytes } = events[at]!
      if (stored !== id) continue
      verdicts[at] = isSame(value, bytes)
        ? { kind: 'duplicate', place: { partition, offset } }
        : { kind: 'conflict' }
    }
  })
  const first = new Map<string, number>()
  return events.map(({ id, bytes }, at): IdVerdict => {
    const known = verdicts[at]
    if (known) return known
    const of = first.get(id)
    if (of !== undefined) {
      return isSame(events[of]!.bytes, bytes) ? { kind: 'repeat', of } : { kind: 'conflict' }
    }
    first.set(id, at)
    return { kind: 'new' }
  })
}

const isSame = (stored: Uint8Array | null, sent: Uint8Array): boolean =>
  stored !== null && Buffer.compare(stored, sent) === 0
