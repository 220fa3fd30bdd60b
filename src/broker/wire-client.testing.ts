/** A Kafka client that does exactly what a test says, one request after the other or many at once, byte for byte. */
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import type { ApiSpec } from './protocol/api.ts'
import { ByteReader } from './protocol/byte-reader.ts'
import { ByteWriter } from './protocol/byte-writer.ts'
import { skipTaggedFields } from './protocol/schema.ts'
import { FrameSplitter } from './network/frame-splitter.ts'

interface Typed<Request, Response> {
  readonly spec: ApiSpec<Request, Response>
}

const API_VERSIONS = 18

export class WireClient {
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter(256 * 1024 * 1024, 4)
  readonly #arrived: Uint8Array[] = []
  readonly #waiting: ((frame: Uint8Array | undefined) => void)[] = []
  #isClosed = false
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      for (const frame of this.#splitter.push(chunk)) {
        const next = this.#waiting.shift()
        if (next === undefined) this.#arrived.push(frame)
        else next(frame)
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      for (const waiting of this.#waiting.splice(0)) waiting(undefined)
    })
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<WireClient> {
    const socket = connect({ port, host })
    await once(socket, 'connect')
    return new WireClient(socket)
  }

  /** The next response as it came; undefined when the broker closed the connection. */
  next(): Promise<Uint8Array | undefined> {
    const frame = this.#arrived.shift()
    if (frame !== undefined || this.#isClosed) return Promise.resolve(frame)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Reads no more, so that what the broker sends piles up. */
  pause(): void {
    this.#socket.pause()
  }

  /** Sends a request; resolves to its response. Throws when the connection is closed instead. */
  async call<Request, Response>(
    api: Typed<Request, Response>,
    version: number,
    request: Request,
  ): Promise<Response> {
    const correlationId = this.send(api, version, request)
    const frame = await this.next()
    if (frame === undefined) throw new Error('the broker closed the connection')
    return readResponse(api, version, correlationId, frame)
  }

  send<Request, Response>(
    { spec }: Typed<Request, Response>,
    version: number,
    request: Request,
  ): number {
    const correlationId = ++this.#correlationId
    this.write(frameRequest(spec, version, correlationId, request))
    return correlationId
  }

  /** Resolves when the broker has closed the connection. */
  async closed(): Promise<void> {
    if (!this.#isClosed) await once(this.#socket, 'close')
  }

  /** Ends when everything written has gone out. */
  finish(): void {
    this.#socket.end()
  }

  end(): void {
    this.#socket.destroy()
  }
}

export function frameRequest<Request, Response>(
  spec: ApiSpec<Request, Response>,
  version: number,
  correlationId: number,
  request: Request,
): Uint8Array {
  const flexible = version >= spec.flexibleFrom
  const writer = new ByteWriter()
  writer.int32(0)
  writer.int16(spec.key)
  writer.int16(version)
  writer.int32(correlationId)
  writer.int16(4)
  writer.raw(ByteWriter.utf8('test'))
  if (flexible) writer.uvarint(0)
  spec.request.write(writer, request, { version, flexible })
  const frame = Buffer.concat(writer.finish())
  frame.writeInt32BE(frame.length - 4, 0)
  return frame
}

export function readResponse<Request, Response>(
  { spec }: Typed<Request, Response>,
  version: number,
  correlationId: number,
  frame: Uint8Array,
): Response {
  const reader = new ByteReader(frame)
  const answered = reader.int32()
  if (answered !== correlationId) {
    throw new Error(`response ${answered} came in the place of ${correlationId}`)
  }
  const flexible = version >= spec.flexibleFrom
  if (flexible && spec.key !== API_VERSIONS) skipTaggedFields(reader)
  const response = spec.response.read(reader, { version, flexible })
  if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes follow the response`)
  return response
}
