/**
 * Publishes what each alias names now on the compacted topic `__millrace-promotions`. Only the owner of the registry's
 * folder publishes, in the order of the entries, so the last pointer of a key is the newest. The topic is derived: at open,
 * pointers that a crash kept back are published.
 */
import { type Clock, isMillraceError, type Logger } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import {
  decodePointer,
  encodePointer,
  PROMOTIONS_TOPIC,
  type AliasPointer,
} from './registry-records.ts'

export interface PromotionPublisher {
  /** `undefined` removes. Published in the background; see `settled`. */
  publish(key: string, pointer: AliasPointer | undefined): void
  /** Resolves when everything is durable, or the log failed: the change itself is in force all the same. */
  settled(): Promise<void>
}

export function createPromotionPublisher(
  log: Log,
  clock: Clock,
  logger: Logger,
): PromotionPublisher {
  const pending = new Map<string, AliasPointer | undefined>()
  let tail = Promise.resolve()

  const drain = async (): Promise<void> => {
    while (pending.size > 0) {
      const sent = [...pending]
      try {
        await log.append(
          PROMOTIONS_TOPIC,
          sent.map(([key, pointer]) => encodePointer(key, pointer, clock.now())),
        )
      } catch (error) {
        const facts = { topic: PROMOTIONS_TOPIC, err: error }
        if (isMillraceError(error, 'LOG_CLOSED')) return
        logger.warn(facts, 'a promotion is in force but not published, the next one tries again')
        return
      }
      for (const [key, pointer] of sent) if (pending.get(key) === pointer) pending.delete(key)
    }
  }

  const settled = (): Promise<void> => {
    tail = tail.then(drain)
    return tail
  }

  return {
    publish(key, pointer) {
      pending.delete(key)
      pending.set(key, pointer)
      void settled()
    },
    settled,
  }
}

/** What the topic says now: `<model>/<alias>` → pointer. */
export async function readPointers(log: Log): Promise<Map<string, AliasPointer>> {
  const pointers = new Map<string, AliasPointer>()
  const { partitions } = await log.topic(PROMOTIONS_TOPIC)
  const from = partitions[0]?.earliest ?? 0
  for await (const batch of log.read(PROMOTIONS_TOPIC, 0, from)) {
    for (const record of batch.records) {
      if (record.key === null) continue
      const key = Buffer.from(record.key).toString('utf8')
      const pointer = decodePointer(record)
      if (pointer) pointers.set(key, pointer)
      else if (record.value === null) pointers.delete(key)
    }
  }
  return pointers
}
