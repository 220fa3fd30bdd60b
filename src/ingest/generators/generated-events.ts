/** The stream of a generator whose events are told by their number alone: chunks of them, from any position. */
import type { EventSource, SourceEvent } from '../ingest.ts'

/** Events of one chunk. */
const CHUNK = 1_000

export interface GeneratedEvents {
  readonly id: string
  /** Changes whenever the same options give another stream. */
  readonly fingerprint: string
  /** Events in all. */
  readonly count: number
  /** JSON text of an event, by its number from 0. */
  readonly json: (index: number) => string
}

export function generatedEvents({ id, fingerprint, count, json }: GeneratedEvents): EventSource {
  return {
    id,
    fingerprint,
    total: count,
    async *events(from, signal) {
      for (let start = Math.max(1, from); start <= count; start += CHUNK) {
        signal?.throwIfAborted()
        const length = Math.min(CHUNK, count + 1 - start)
        yield Array.from({ length }, (_, i): SourceEvent => ({
          bytes: Buffer.from(json(start + i - 1)),
          position: start + i,
        }))
      }
    },
  }
}
