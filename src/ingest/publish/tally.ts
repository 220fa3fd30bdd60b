/** The counts of one call: every event is accepted, rejected, dead-lettered or a duplicate (I3). */
import type { OffsetRange } from '../../core/index.ts'
import type { Appended } from '../../log/index.ts'
import type { ReceiveResult, RejectedEvent } from '../ingest.ts'

/** Rejected events beyond this are counted, not listed. */
const LISTED_REJECTIONS = 1_000

export class Tally {
  received = 0
  accepted = 0
  duplicates = 0
  deadLettered = 0
  spooled = 0
  rejectedCount = 0
  readonly #rejected: RejectedEvent[] = []
  readonly #accepted: Ranges = new Map()
  readonly #repeated: Ranges = new Map()

  accept(appended: readonly Appended[]): void {
    this.accepted += appended.length
    for (const place of appended) addTo(this.#accepted, place)
  }

  /** An event that is there already, at this place. */
  repeat(place: Appended): void {
    this.duplicates++
    addTo(this.#repeated, place)
  }

  reject(event: RejectedEvent): void {
    this.rejectedCount++
    if (this.#rejected.length < LISTED_REJECTIONS) this.#rejected.push(event)
  }

  offsets = (): OffsetRange[] => inOrder(this.#accepted)

  result(): ReceiveResult {
    return {
      accepted: this.accepted,
      duplicates: this.duplicates,
      duplicateOffsets: inOrder(this.#repeated),
      deadLettered: this.deadLettered,
      spooled: this.spooled,
      rejected: this.#rejected,
      rejectedCount: this.rejectedCount,
      offsets: this.offsets(),
    }
  }
}

type Ranges = Map<number, { partition: number; first: number; last: number }[]>

function addTo(all: Ranges, { partition, offset }: Appended): void {
  const ranges = all.get(partition)
  const last = ranges?.[ranges.length - 1]
  if (last !== undefined && last.last + 1 === offset) last.last = offset
  else if (ranges) ranges.push({ partition, first: offset, last: offset })
  else all.set(partition, [{ partition, first: offset, last: offset }])
}

const inOrder = (all: Ranges): OffsetRange[] =>
  [...all.keys()].toSorted((a, b) => a - b).flatMap((partition) => all.get(partition) ?? [])
