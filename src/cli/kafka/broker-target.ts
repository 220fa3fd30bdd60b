/** Events as records over the Kafka protocol. The broker remembers no positions: a second run sends everything again. */
import type { SourceEvent } from '../../app/index.ts'
import { isMillraceError, systemClock, type NewRecord } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import type { EventTarget } from '../event-publisher.ts'

export interface BrokerTargetOptions {
  readonly topic: string
  /** Field of the event that becomes the record's key. Default: no key. */
  readonly key?: string
  /** Told when the topic was made, because it was not there. */
  readonly onCreated: (topic: string) => void
}

export function createBrokerTarget(log: Log, options: BrokerTargetOptions): EventTarget {
  const { topic, key } = options
  return {
    position: async () => 0,
    async send(group) {
      const records = group.map((event): NewRecord => ({
        key: key === undefined ? null : keyOf(event, key),
        value: event.bytes,
        headers: [],
        timestamp: systemClock.now(),
      }))
      await appendOrCreate(log, topic, records, options.onCreated)
      return { accepted: records.length, duplicates: 0, rejectedCount: 0 }
    },
  }
}

/** A topic that is not there is made on first use, as Kafka's own clients do. */
export async function appendOrCreate(
  log: Log,
  topic: string,
  records: readonly NewRecord[],
  onCreated: (topic: string) => void,
): Promise<void> {
  try {
    await log.append(topic, records)
  } catch (error) {
    if (!isMillraceError(error, 'LOG_UNKNOWN_TOPIC')) throw error
    await log.createTopic({ name: topic })
    onCreated(topic)
    await log.append(topic, records)
  }
}

/** A text as it is, another value as JSON; null when the event has no such field. */
function keyOf({ bytes }: SourceEvent, field: string): Uint8Array | null {
  let event: unknown
  try {
    event = JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return null
  }
  const value = (event as Readonly<Record<string, unknown>> | null)?.[field]
  if (value === undefined || value === null) return null
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}
