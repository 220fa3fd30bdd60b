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
  rejectedCount = 0
  readonly #rejected: RejectedEvent[] = []
  readonly #ranges = new Map<number, { partition: number; first: number; last: number }[]>()

  accept(appended: readonly Appended[]): void {
    this.accepted += appended.length
    for (const { partition, offset } of appended) {
      const ranges = this.#ranges.get(partition) ?? []
      const last = ranges.at(-1)
      if (last && last.last + 1 === offset) last.last = offset
      else ranges.push({ partition, first: offset, last: offset })
      this.#ranges.set(partition, ranges)
    }
  }

  reject(event: RejectedEvent): void {
    this.rejectedCount++
    if (this.#rejected.length < LISTED_REJECTIONS) this.#rejected.push(event)
  }

  offsets(): OffsetRange[] {
    return [...this.#ranges.keys()]
      .toSorted((a, b) => a - b)
      .flatMap((partition) => this.#ranges.get(partition) ?? [])
  }

  result(): ReceiveResult {
    return {
      accepted: this.accepted,
      duplicates: this.duplicates,
      deadLettered: this.deadLettered,
      rejected: this.#rejected,
      rejectedCount: this.rejectedCount,
      offsets: this.offsets(),
    }
  }
}
