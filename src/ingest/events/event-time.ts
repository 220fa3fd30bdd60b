/** The event time of an event, read from its bytes. */
import { eventTimeMs } from '../../core/index.ts'
import { FlatJson } from '../../kernels/index.ts'
import type { TopicContract } from '../ingest.ts'

/** Reads only the event time of an event; undefined when the topic declares none. */
export function createTimeReader(
  contract: TopicContract,
): ((bytes: Uint8Array) => number | undefined) | undefined {
  const { eventTime, eventTimeUnit } = contract
  if (eventTime === undefined) return undefined
  const json = new FlatJson()
  const name = Buffer.from(eventTime)
  return (bytes) => {
    if (json.read(bytes)) {
      const field = json.find(name)
      return field < 0 ? undefined : eventTimeMs(json.value(field), eventTimeUnit)
    }
    try {
      const event = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown> | null
      return eventTimeMs(event?.[eventTime], eventTimeUnit)
    } catch {
      return undefined
    }
  }
}
