/**
 * Record batches that are read from the disk before a client asks for them, so that the read and its checks happen while the
 * client works on the answer before: clients ask for what comes next when they are done. Bounded for all clients together,
 * and in time, so that one that went away or waits keeps nothing.
 */
import type { Clock } from '../../core/index.ts'
import type { BatchReader } from '../../log/index.ts'

/** A client that needs longer for an answer waits for the disk. */
const HOLD_MS = 1_000
/** Memory of answers that were sent, for what is read next: fresh memory costs more than the read. */
const MAX_SPARE = 8
const SPARE_BYTES = { least: 256 * 1024, most: 2 * 1024 * 1024 }

export class ReadAhead {
  readonly #clock: Clock
  #free: number
  readonly #held = new Map<BatchReader, () => void>()
  readonly #spare: Uint8Array[] = []

  constructor(clock: Clock, totalBytes: number) {
    this.#clock = clock
    this.#free = totalBytes
  }

  /** Reads on in the background, unless too much is read ahead already. */
  begin(reader: BatchReader, from: number, maxBytes: number): void {
    this.end(reader)
    if (maxBytes > this.#free) return
    this.#free -= maxBytes
    reader.prepare(from, maxBytes, this.#spare.pop())
    const cancel = this.#clock.after(HOLD_MS, () => {
      reader.forget()
      this.end(reader)
    })
    this.#held.set(reader, () => {
      cancel()
      this.#free += maxBytes
    })
  }

  /** What was read is on its way to the client, or nobody will ask for it. */
  end(reader: BatchReader): void {
    this.#held.get(reader)?.()
    this.#held.delete(reader)
  }

  /** Batches that were read and sent: their memory is nobody's now. */
  recycle({ buffer }: Uint8Array): void {
    const { least, most } = SPARE_BYTES
    const isRight = buffer.byteLength >= least && buffer.byteLength <= most
    if (isRight && this.#spare.length < MAX_SPARE) this.#spare.push(new Uint8Array(buffer))
  }
}
