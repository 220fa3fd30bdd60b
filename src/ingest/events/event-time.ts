/** The event time of an event, read from its bytes. */
import { eventTimeMs } from '../../core/index.ts'
import type { TopicContract } from '../ingest.ts'

/** Reads only the event time of an event; undefined when the topic declares none. */
export function createTimeReader(
  contract: TopicContract,
): ((bytes: Uint8Array) => number | undefined) | undefined {
  const { eventTime, eventTimeUnit } = contract
  if (eventTime === undefined) return undefined
  return (bytes) => {
    try {
      const event = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown> | null
      return eventTimeMs(event?.[eventTime], eventTimeUnit)
    } catch {
      return undefined
    }
  }
}
