/**
 * Which ids a topic has had: from a 64-bit digest of the id to the place of its record. Entries leave in the order in which
 * they came, when there are more than `maxIds` or when they are too old.
 *
 * Typed arrays: 22 bytes an entry in a ring that doubles as it fills, and 8 to 16 bytes in the table that finds entries by
 * digest (open addressing, linear probing, removal by shifting back). So 30 to 40 MB per million ids, twice that just after
 * the ring has doubled. It is a hint and not a proof: who asks reads the record.
 */
import { createHash } from 'node:crypto'

export interface IdPlace {
  readonly partition: number
  readonly offset: number
}

/** The first 64 bits of the id's SHA-256: nobody can choose ids that collide. */
export type IdDigest = readonly [high: number, low: number]

export function digestOf(id: string | Uint8Array): IdDigest {
  const bytes = createHash('sha256').update(id).digest()
  return [bytes.readUInt32LE(0), bytes.readUInt32LE(4)]
}

const FIRST_CAPACITY = 1024

export class IdIndex {
  readonly #maxIds: number
  #capacity: number
  #head = 0
  #size = 0
  #high!: Uint32Array
  #low!: Uint32Array
  #offset!: Float64Array
  #partition!: Uint16Array
  /** Seconds since the Unix epoch: enough until 2106. */
  #at!: Uint32Array
  /** Slot of the ring + 1; 0 is empty. */
  #table!: Uint32Array

  constructor(maxIds: number) {
    this.#maxIds = maxIds
    this.#capacity = Math.min(FIRST_CAPACITY, maxIds)
    this.#allocate(this.#capacity)
  }

  get size(): number {
    return this.#size
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.#capacity * 22 + this.#table.byteLength
  }

  /** The place, unless it was put there before `sinceSeconds`. */
  get([high, low]: IdDigest, sinceSeconds: number): IdPlace | undefined {
    const slot = this.#table[this.#find(high, low)]! - 1
    if (slot < 0 || this.#at[slot]! < sinceSeconds) return undefined
    return { partition: this.#partition[slot]!, offset: this.#offset[slot]! }
  }

  set([high, low]: IdDigest, place: IdPlace, atSeconds: number): void {
    let slot = this.#table[this.#find(high, low)]! - 1
    if (slot < 0) {
      if (this.#size === this.#capacity) this.#makeRoom()
      slot = (this.#head + this.#size++) % this.#capacity
      this.#high[slot] = high
      this.#low[slot] = low
      this.#table[this.#find(high, low)] = slot + 1
    }
    this.#partition[slot] = place.partition
    this.#offset[slot] = place.offset
    this.#at[slot] = atSeconds
  }

  /** Removes the oldest entries as long as they are from before `sinceSeconds`. */
  expire(sinceSeconds: number): void {
    while (this.#size > 0 && this.#at[this.#head]! < sinceSeconds) this.#removeOldest()
  }

  #makeRoom(): void {
    if (this.#capacity === this.#maxIds) {
      this.#removeOldest()
      return
    }
    const old = [this.#high, this.#low, this.#offset, this.#partition, this.#at] as const
    const [head, capacity] = [this.#head, this.#capacity]
    this.#capacity = Math.min(capacity * 2, this.#maxIds)
    this.#allocate(this.#capacity)
    const arrays = [this.#high, this.#low, this.#offset, this.#partition, this.#at] as const
    for (const [index, array] of arrays.entries()) {
      array.set(old[index]!.subarray(head))
      array.set(old[index]!.subarray(0, head), capacity - head)
    }
    this.#head = 0
    for (let slot = 0; slot < this.#size; slot++) {
      this.#table[this.#find(this.#high[slot]!, this.#low[slot]!)] = slot + 1
    }
  }

  #allocate(capacity: number): void {
    this.#high = new Uint32Array(capacity)
    this.#low = new Uint32Array(capacity)
    this.#offset = new Float64Array(capacity)
    this.#partition = new Uint16Array(capacity)
    this.#at = new Uint32Array(capacity)
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(capacity * 2)))
  }

  /** Where the digest is in the table, or the empty cell where it would be. */
  #find(high: number, low: number): number {
    const mask = this.#table.length - 1
    for (let cell = low & mask; ; cell = (cell + 1) & mask) {
      const slot = this.#table[cell]! - 1
      if (slot < 0 || (this.#low[slot] === low && this.#high[slot] === high)) return cell
    }
  }

  #removeOldest(): void {
    const mask = this.#table.length - 1
    let hole = this.#find(this.#high[this.#head]!, this.#low[this.#head]!)
    this.#head = (this.#head + 1) % this.#capacity
    this.#size--
    // Whoever was pushed past the hole moves back into it, so that no search stops too early.
    for (let cell = (hole + 1) & mask; this.#table[cell] !== 0; cell = (cell + 1) & mask) {
      const home = this.#low[this.#table[cell]! - 1]! & mask
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue
      this.#table[hole] = this.#table[cell]!
      hole = cell
    }
    this.#table[hole] = 0
  }
}
