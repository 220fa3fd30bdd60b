/**
 * The ids, positions and times of records' headers, written side by side into shared bytes: of a small event a buffer for each
 * of them would be most of the work.
 */

const BLOCK_BYTES = 16 * 1024
const DAY_MS = 86_400_000
/** `hh:mm:ss.mmmZ` after the date and its `T`. */
const CLOCK_BYTES = 13
const MOST_DIGITS = 16
const ZERO = 0x30

export class ShortTexts {
  #block = new Uint8Array(0)
  #at = 0
  #day = Number.NaN
  #date: Uint8Array = new Uint8Array(0)
  #timeMs = Number.NaN
  #time: Uint8Array = new Uint8Array(0)

  /** `prefix` and a whole number from 0, in digits. */
  numbered(prefix: Uint8Array, number: number): Uint8Array {
    this.#reserve(prefix.length + MOST_DIGITS)
    const start = this.#at
    this.#block.set(prefix, start)
    this.#at += prefix.length
    this.#digits(number, digitsOf(number))
    return this.#since(start)
  }

  /** ISO 8601 in UTC with milliseconds, of a whole number of them in the years 0 to 9999. */
  time(ms: number): Uint8Array {
    if (ms === this.#timeMs) return this.#time
    const day = Math.floor(ms / DAY_MS)
    if (day !== this.#day) {
      this.#day = day
      this.#date = Buffer.from(new Date(day * DAY_MS).toISOString().slice(0, 11))
    }
    this.#reserve(this.#date.length + CLOCK_BYTES)
    const start = this.#at
    this.#block.set(this.#date, start)
    this.#at += this.#date.length
    const inDay = ms - day * DAY_MS
    this.#part(Math.floor(inDay / 3_600_000), 2, ':')
    this.#part(Math.floor(inDay / 60_000) % 60, 2, ':')
    this.#part(Math.floor(inDay / 1_000) % 60, 2, '.')
    this.#part(inDay % 1_000, 3, 'Z')
    this.#timeMs = ms
    this.#time = this.#since(start)
    return this.#time
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#block.length) return
    this.#block = new Uint8Array(Math.max(bytes, BLOCK_BYTES))
    this.#at = 0
  }

  #part(number: number, width: number, after: string): void {
    this.#digits(number, width)
    this.#block[this.#at++] = after.charCodeAt(0)
  }

  #digits(number: number, width: number): void {
    let rest = number
    for (let at = this.#at + width - 1; at >= this.#at; at--) {
      this.#block[at] = ZERO + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    this.#at += width
  }

  #since = (start: number): Uint8Array =>
    new Uint8Array(this.#block.buffer, start, this.#at - start)
}

function digitsOf(number: number): number {
  let digits = 1
  for (let bound = 10; number >= bound; bound *= 10) digits++
  return digits
}
