/**
 * What the log does not keep of a topic's events: how many were duplicates and how many were refused by name. The ledger
 * (promise P9) needs both, so an answer that speaks of them waits until they are counted durably.
 *
 * The counts are totals since the topic's first event, one record a topic and writer in the compacted topic
 * `__millrace-ledger`; calls that run side by side share a record. A call whose count cannot be written fails, and counts
 * again when it is sent again: it was received twice.
 */
import { INTERNAL_TOPIC_PREFIX, type Clock, type LogRecord } from '../../core/index.ts'
import { followOwnTopic } from '../publish/own-topic.ts'
import type { LogAccess } from '../publish/sequence-recovery.ts'

export interface DoorCount {
  /** Events that were there already, by their id or by their place in a sequence. */
  readonly duplicates: number
  /** Events that were named in the answer and not kept. */
  readonly rejected: number
}

export interface DoorCounts {
  /** Resolves when the count is durable. */
  add(topic: string, count: DoorCount): Promise<void>
  /** Totals of all writers. */
  of(topic: string): Promise<DoorCount>
}

export interface DoorCountsOptions extends LogAccess {
  readonly clock: Clock
  /** Tells the processes apart that receive events for one log. */
  readonly writer: string
}

export const LEDGER_TOPIC = `${INTERNAL_TOPIC_PREFIX}ledger`

const NOTHING: DoorCount = { duplicates: 0, rejected: 0 }
const sum = (a: DoorCount, b: DoorCount): DoorCount => ({
  duplicates: a.duplicates + b.duplicates,
  rejected: a.rejected + b.rejected,
})

export function createDoorCounts(options: DoorCountsOptions): DoorCounts {
  const { clock, writer } = options
  /** By topic, then by writer: what is durable. */
  const durable = new Map<string, Map<string, DoorCount>>()
  const own = followOwnTopic(options, LEDGER_TOPIC, visit)
  /** Counted, not yet written. */
  let open = new Map<string, DoorCount>()
  let writing: Promise<void> | undefined
  let queued: Promise<void> | undefined

  function visit({ key, value }: LogRecord): void {
    if (!key || !value) return
    const [topic = '', by = ''] = JSON.parse(Buffer.from(key).toString()) as string[]
    const writers = durable.get(topic) ?? new Map<string, DoorCount>()
    writers.set(by, JSON.parse(Buffer.from(value).toString()) as DoorCount)
    durable.set(topic, writers)
  }

  const write = async (): Promise<void> => {
    const counts = open
    open = new Map()
    queued = undefined
    try {
      await own.catchUp()
      await own.append(
        [...counts].map(([topic, count]) => ({
          key: Buffer.from(JSON.stringify([topic, writer])),
          value: Buffer.from(
            JSON.stringify(sum(durable.get(topic)?.get(writer) ?? NOTHING, count)),
          ),
          headers: [],
          timestamp: clock.now(),
        })),
      )
    } finally {
      writing = undefined
    }
  }

  /** One write at a time; what is counted meanwhile goes into the next. */
  const settle = (): Promise<void> => {
    if (!writing) return (writing = write())
    return (queued ??= writing.catch(() => {}).then(() => (writing = write())))
  }

  return {
    add(topic, count) {
      if (count.duplicates + count.rejected === 0) return Promise.resolve()
      open.set(topic, sum(open.get(topic) ?? NOTHING, count))
      return settle()
    },
    async of(topic) {
      await own.catchUp()
      return [...(durable.get(topic)?.values() ?? [])].reduce(sum, NOTHING)
    },
  }
}
