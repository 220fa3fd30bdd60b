/**
 * Leader epochs of what a reader has seen of a partition. A broker gives each batch the epoch of its leader, and a log that lost
 * its end (the power of its only broker went, a replica without the last writes took over) goes on in a higher one. So a
 * reader that names the epoch of the record before the place where it reads on is told when that record is not there any
 * more, also once the log has grown past the place (KIP-320, KIP-595).
 */
export const NO_EPOCH = -1
/** A cluster whose leaders move all the time must not fill memory: what is older is not checked. */
const MAX_RUNS = 100

export class SeenEpochs {
  /** Ascending; each epoch holds from its offset to that of the next run, the last one to `#end`. */
  #runs: { readonly epoch: number; readonly from: number }[] = []
  #end = 0

  /** Offsets `from` up to, not including, `to` were read, or passed over, in this epoch. */
  note(epoch: number, from: number, to: number): void {
    if (to <= from) return
    if (to <= this.#end && this.before(from + 1) === epoch && this.before(to) === epoch) return
    if (from > this.#end) this.#runs = []
    this.#runs = this.#runs.filter((run) => run.from < from)
    if (this.#runs.at(-1)?.epoch !== epoch) this.#runs.push({ epoch, from })
    if (this.#runs.length > MAX_RUNS) this.#runs.shift()
    this.#end = to
  }

  /** Epoch of the last record below `offset`; NO_EPOCH where nothing was read. */
  before(offset: number): number {
    if (offset > this.#end) return NO_EPOCH
    return this.#runs.findLast(({ from }) => from < offset)?.epoch ?? NO_EPOCH
  }
}
