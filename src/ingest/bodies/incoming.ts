/** An event on its way in, whatever brought it. */
import type { EventFault } from '../events/event-check.ts'

export interface Incoming {
  readonly bytes: Uint8Array
  /** The bytes as they were sent when `bytes` is not them. */
  readonly original?: Uint8Array
  readonly problem?: EventFault
  /** Line in a body, from 1. */
  readonly line?: number
  /** Row of a file, from 1. */
  readonly row?: number
}

/** Joins small groups until one has `maxEvents` or `maxBytes`: what one append takes. */
export async function* regroup<Event extends Incoming>(
  groups: AsyncIterable<readonly Event[]>,
  maxEvents: number,
  maxBytes: number,
): AsyncGenerator<Event[]> {
  let group: Event[] = []
  let bytes = 0
  for await (const events of groups) {
    for (const event of events) {
      group.push(event)
      bytes += event.bytes.length + (event.original?.length ?? 0)
      if (group.length < maxEvents && bytes < maxBytes) continue
      yield group
      group = []
      bytes = 0
    }
  }
  if (group.length > 0) yield group
}
