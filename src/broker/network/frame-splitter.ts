/**
 * Cuts a stream of bytes into frames: int32 length, then as many bytes (protocol guide, "Protocol Requests"). Memory is
 * taken for bytes that came, never for a length that was only claimed.
 */
import { brokerError } from '../errors.ts'

const LENGTH_BYTES = 4
/** API key, version and correlation id: no request is shorter. */
const MIN_REQUEST_BYTES = 8

export class FrameSplitter {
  readonly #maxBytes: number
  readonly #minBytes: number
  #pieces: Uint8Array[] = []
  #collected = 0

  constructor(maxBytes: number, minBytes: number = MIN_REQUEST_BYTES) {
    this.#maxBytes = maxBytes
    this.#minBytes = minBytes
  }

  /** Bytes of a frame that is not whole yet. */
  get partialBytes(): number {
    return this.#collected
  }

  /** Takes the next bytes; returns the frames that are whole with them. Throws BROKER_MALFORMED. */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    let rest = chunk
    for (;;) {
      const length = this.#frameLength(rest)
      if (length === undefined || this.#collected + rest.length < LENGTH_BYTES + length) break
      const take = LENGTH_BYTES + length - this.#collected
      const whole = this.#join(rest.subarray(0, take))
      frames.push(whole.subarray(LENGTH_BYTES))
      rest = rest.subarray(take)
    }
    if (rest.length > 0) {
      this.#pieces.push(rest)
      this.#collected += rest.length
    }
    return frames
  }

  /** Length of the frame at hand, undefined while its four bytes are not all there. */
  #frameLength(rest: Uint8Array): number | undefined {
    if (this.#collected + rest.length < LENGTH_BYTES) return undefined
    const [first] = this.#pieces
    let head = first ?? rest
    if (head.length < LENGTH_BYTES) {
      head = Buffer.concat([...this.#pieces, rest.subarray(0, LENGTH_BYTES)])
    }
    const length = new DataView(head.buffer, head.byteOffset).getInt32(0)
    if (length >= this.#minBytes && length <= this.#maxBytes) return length
    throw brokerError(
      'BROKER_MALFORMED',
      `a request of ${length} bytes: use ${this.#minBytes} to ${this.#maxBytes}${guess(head)}`,
    )
  }

  #join(last: Uint8Array): Uint8Array {
    if (this.#pieces.length === 0) return last
    const whole = Buffer.concat([...this.#pieces, last])
    this.#pieces = []
    this.#collected = 0
    return whole
  }
}

/** What speaks here instead of Kafka, where its first bytes tell. */
function guess(head: Uint8Array): string {
  const text = Buffer.from(head.subarray(0, LENGTH_BYTES)).toString('latin1')
  if (/^(GET |POST|PUT |HEAD|OPTI|DELE)/.test(text)) return ' (this is HTTP: use the HTTP port)'
  if (head[0] === 0x16 && head[1] === 0x03) return ' (this is TLS: set security.protocol=PLAINTEXT)'
  return ''
}
