/**
 * One client: requests in, responses out in the same order. Produce requests that follow each other are worked on together,
 * anything else one after the other, as Kafka does. Whoever sends faster than is answered, or does not read its answers, is
 * not read further; whoever stops in the middle of something is let go.
 */
import type { Socket } from 'node:net'
import { isMillraceError } from '../../core/index.ts'
import type { BatchReader } from '../../log/index.ts'
import type { BrokerParts, ClientConnection } from '../request-context.ts'
import { answerFrame, isProduce } from './answer-frame.ts'
import { FrameSplitter } from './frame-splitter.ts'
import type { RequestMemory } from './request-memory.ts'

/** Requests that wait for their turn; then the client is not read further. */
const MAX_WAITING = 64

type Response = readonly Uint8Array[] | undefined

export interface ConnectionOptions {
  readonly parts: BrokerParts
  readonly memory: RequestMemory
  readonly advertised: { readonly host: string; readonly port: number }
  /** The connection is over. */
  readonly onClosed: () => void
}

export class KafkaConnection implements ClientConnection {
  readonly remoteHost: string
  readonly advertised: { readonly host: string; readonly port: number }
  readonly readers = new Map<string, BatchReader>()
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #splitter: FrameSplitter
  readonly #ended = new AbortController()
  readonly #waiting: Uint8Array[] = []
  #afterResponse: (() => void)[] = []
  /** Responses that were not sent yet, in the order of their requests. */
  #sending: Promise<void> = Promise.resolve()
  #underWay = 0
  #isProducing = false
  #pendingBytes = 0
  #isReading = true
  /** When the socket last took or gave something, monotonic milliseconds. */
  #lastActivity: number
  #isDraining = false

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#splitter = new FrameSplitter(options.parts.limits.frameBytes)
    this.remoteHost = socket.remoteAddress ?? 'unknown'
    this.advertised = options.advertised
    this.#lastActivity = options.parts.clock.monotonic()
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', () => this.end())
    socket.on('close', () => this.end())
  }

  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** Bytes of requests that it holds. */
  get pendingBytes(): number {
    return this.#pendingBytes + this.#splitter.partialBytes
  }

  afterResponse(run: () => void): void {
    this.#afterResponse.push(run)
  }

  end(): void {
    if (this.signal.aborted) return
    this.#ended.abort()
    this.#socket.destroy()
    this.#waiting.length = 0
    for (const reader of this.readers.values()) this.#options.parts.readAhead.end(reader)
    this.#options.memory.forget(this)
    this.#options.onClosed()
  }

  /** Goes on reading, unless the connection has its own reason not to. */
  resume(): void {
    this.#updateReading()
  }

  /** Ends the connection when its peer has been silent for too long, given what it is expected to do. */
  checkLiveness(): void {
    const { limits, clock } = this.#options.parts
    const silentMs = clock.monotonic() - this.#lastActivity
    const isStalled = this.#isDraining || (this.#splitter.partialBytes > 0 && this.#isReading)
    if (isStalled && silentMs > limits.stallMs) this.#drop('it stopped in the middle')
    else if (this.#underWay === 0 && silentMs > limits.idleMs) this.end()
  }

  #drop(reason: string): void {
    const facts = { client: this.remoteHost, reason }
    this.#options.parts.logger.info(facts, 'connection of a Kafka client closed')
    this.end()
  }

  #receive(chunk: Uint8Array): void {
    this.#lastActivity = this.#options.parts.clock.monotonic()
    let frames: Uint8Array[]
    try {
      frames = this.#splitter.push(chunk)
    } catch (error) {
      this.#drop((error as Error).message)
      return
    }
    for (const frame of frames) {
      this.#pendingBytes += frame.length
      this.#waiting.push(frame)
    }
    this.#work()
    this.#updateReading()
  }

  #updateReading(): void {
    if (this.signal.aborted) return
    const { limits } = this.#options.parts
    const hasRoom = this.#pendingBytes < limits.pendingBytes && this.#waiting.length < MAX_WAITING
    const mayRead = this.#options.memory.update(this) && hasRoom
    if (mayRead === this.#isReading) return
    this.#isReading = mayRead
    this.#lastActivity = this.#options.parts.clock.monotonic()
    if (mayRead) this.#socket.resume()
    else this.#socket.pause()
  }

  /** Begins with as many requests as may run together. */
  #work(): void {
    for (let frame = this.#waiting[0]; frame !== undefined; frame = this.#waiting[0]) {
      const joins = this.#underWay === 0 || (this.#isProducing && isProduce(frame))
      if (!joins || this.#isDraining || this.signal.aborted) return
      this.#waiting.shift()
      this.#isProducing = isProduce(frame)
      this.#underWay++
      this.#begin(frame)
    }
  }

  #begin(frame: Uint8Array): void {
    const answer = answerFrame(frame, this.#options.parts, this)
    // Its failure is looked at when its turn to be sent comes.
    answer.catch(() => {})
    this.#sending = this.#sending.then(() => this.#finish(frame, answer))
  }

  async #finish(frame: Uint8Array, answer: Promise<Response>): Promise<void> {
    try {
      const response = await answer
      if (response !== undefined && !this.signal.aborted) await this.#send(response)
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#underWay--
      this.#pendingBytes -= frame.length
      if (this.#underWay === 0) {
        const done = this.#afterResponse
        this.#afterResponse = []
        for (const run of done) run()
      }
      this.#lastActivity = this.#options.parts.clock.monotonic()
      this.#work()
      this.#updateReading()
    }
  }

  #failed(error: unknown): void {
    if (this.signal.aborted) return
    if (isMillraceError(error)) this.#drop(error.message)
    else {
      const facts = { client: this.remoteHost, err: error }
      this.#options.parts.logger.error(facts, 'a request failed: connection closed')
      this.end()
    }
  }

  /** Resolves when the system has taken the bytes, so that a slow reader holds nothing but its own connection up. */
  async #send(pieces: Response & object): Promise<void> {
    const socket = this.#socket
    this.#isDraining = true
    this.#lastActivity = this.#options.parts.clock.monotonic()
    socket.cork()
    for (const piece of pieces.slice(0, -1)) socket.write(piece)
    // A socket that is destroyed calls back, too.
    const taken = new Promise<void>((resolve) => {
      socket.write(pieces.at(-1)!, () => resolve())
    })
    socket.uncork()
    await taken
    this.#isDraining = false
  }
}
