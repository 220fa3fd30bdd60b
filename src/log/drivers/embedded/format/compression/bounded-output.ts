/**
 * Where a decoder puts its output: grows up to a bound and no further, so that a small batch cannot claim gigabytes.
 */

/** The decompressed form is larger than the bound. */
export class TooLargeError extends RangeError {
  constructor(maxBytes: number) {
    super(`the records decompress to more than ${maxBytes} bytes`)
  }
}

/** Below this a loop copies faster than a call of `set` or `copyWithin`. */
const SHORT_COPY_BYTES = 16

export class BoundedOutput {
  readonly #maxBytes: number
  #bytes: Uint8Array
  #length = 0

  /** `expected` bytes are allocated at once. */
  constructor(maxBytes: number, expected: number) {
    if (expected > maxBytes) throw new TooLargeError(maxBytes)
    this.#maxBytes = maxBytes
    this.#bytes = new Uint8Array(expected)
  }

  get length(): number {
    return this.#length
  }

  /** Appends `source[start, end)`. */
  append(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (length < 0 || end > source.length) throw new RangeError('a literal ends after its block')
    const at = this.#grow(length)
    if (length >= SHORT_COPY_BYTES) this.#bytes.set(source.subarray(start, end), at)
    else for (let step = 0; step < length; step++) this.#bytes[at + step] = source[start + step]!
  }

  /** Appends `length` bytes of what begins `distance` bytes back; source and target may overlap. */
  repeat(distance: number, length: number): void {
    const from = this.#length - distance
    if (distance <= 0 || from < 0) throw new RangeError('a copy begins before its output')
    const at = this.#grow(length)
    const bytes = this.#bytes
    if (distance >= length && length >= SHORT_COPY_BYTES) {
      bytes.copyWithin(at, from, from + length)
      return
    }
    for (let step = 0; step < length; step++) bytes[at + step] = bytes[from + step]!
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Makes room and returns where to write. */
  #grow(more: number): number {
    const at = this.#length
    const needed = at + more
    if (needed > this.#maxBytes) throw new TooLargeError(this.#maxBytes)
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(
        Math.min(this.#maxBytes, Math.max(needed, this.#bytes.length * 2)),
      )
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
    }
    this.#length = needed
    return at
  }
}
