/**
 * Sends the events of a source to a topic, as NDJSON with sequence marks: the source's id is the sequence, the row its
 * position. So a send that is repeated stores nothing twice, and a second run goes on where the first one stopped.
 */
import type { ReceiveAnswer } from '../api/index.ts'
import { RateMeter, type EventSource, type Pacer, type SourceEvent } from '../app/index.ts'
import { isMillraceError, systemClock } from '../core/index.ts'
import { path, type ApiClient } from './api-client.ts'

export interface PublishOptions {
  readonly topic: string
  readonly source: EventSource
  readonly pacer: Pacer
  readonly timeOf?: (bytes: Uint8Array) => number | undefined
  readonly limit?: number
  readonly dryRun?: boolean
  readonly signal: AbortSignal
  onProgress(progress: PublishProgress): void
}

export interface PublishProgress {
  readonly topic: string
  readonly source: string
  /** Rows read, counting those of earlier runs. */
  readonly position: number
  readonly total?: number
  readonly read: number
  readonly accepted: number
  readonly duplicates: number
  /** Rows that went to the dead letters. */
  readonly rejected: number
  readonly ratePerSecond: number
}

/** Most events and bytes of one request. */
const GROUP_EVENTS = 5_000
const GROUP_BYTES = 1024 * 1024
/** Events that fall due within this time go into one request. */
const TICK_MS = 20
/** A server that is full or restarting gets this long before the send gives up. */
const RETRY_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000] as const

export async function publishEvents(
  api: ApiClient,
  options: PublishOptions,
): Promise<PublishProgress> {
  const publisher = new Publisher(api, options)
  await publisher.run()
  return publisher.progress()
}

class Publisher {
  readonly #api: ApiClient
  readonly #options: PublishOptions
  readonly #meter = new RateMeter()
  #group: SourceEvent[] = []
  #bytes = 0
  #position = 0
  #read = 0
  #counts = { accepted: 0, duplicates: 0, rejected: 0 }

  constructor(api: ApiClient, options: PublishOptions) {
    this.#api = api
    this.#options = options
  }

  progress(): PublishProgress {
    const { topic, source } = this.#options
    return {
      topic,
      source: source.id,
      position: this.#position,
      ...(source.total === undefined ? {} : { total: source.total }),
      read: this.#read,
      ...this.#counts,
      ratePerSecond: this.#meter.perSecond(systemClock.monotonic()),
    }
  }

  async run(): Promise<void> {
    const { topic, source, dryRun, limit = Number.POSITIVE_INFINITY, signal } = this.#options
    if (!dryRun) {
      const route = path`/v1/topics/${topic}/sequences/${source.id}`
      this.#position = (await this.#api.get<{ position: number }>(route)).position
    }
    this.#meter.observe(systemClock.monotonic(), 0)
    reading: for await (const events of source.events(this.#position + 1, signal)) {
      for (const event of events) {
        if (this.#read >= limit) break reading
        await this.#wait(event)
        await this.#add(event)
      }
    }
    await this.#flush()
  }

  async #wait(event: SourceEvent): Promise<void> {
    const { pacer, timeOf, signal } = this.#options
    const timeMs = pacer.needsEventTime ? timeOf?.(event.bytes) : undefined
    const due = pacer.next(systemClock.monotonic(), timeMs)
    if (due <= systemClock.monotonic() + TICK_MS) return
    await this.#flush()
    const pause = due - systemClock.monotonic()
    if (pause > 0) await systemClock.sleep(pause, signal)
  }

  async #add(event: SourceEvent): Promise<void> {
    this.#read += 1
    this.#group.push(event)
    this.#bytes += event.bytes.length
    if (this.#group.length >= GROUP_EVENTS || this.#bytes >= GROUP_BYTES) await this.#flush()
  }

  async #flush(): Promise<void> {
    const group = this.#group
    const [first] = group
    if (!first) return
    this.#group = []
    this.#bytes = 0
    if (this.#options.dryRun) {
      const bad = group.filter((event) => !isReadable(event)).length
      this.#count({ accepted: group.length - bad, duplicates: 0, rejectedCount: bad })
    } else {
      this.#count(await this.#send(first.position, Buffer.concat(group.map(lineOf))))
    }
    this.#position = group.at(-1)?.position ?? this.#position
    this.#meter.observe(systemClock.monotonic(), this.#read)
    this.#options.onProgress(this.progress())
  }

  #count(answer: Pick<ReceiveAnswer, 'accepted' | 'duplicates' | 'rejectedCount'>): void {
    this.#counts.accepted += answer.accepted
    this.#counts.duplicates += answer.duplicates
    this.#counts.rejected += answer.rejectedCount
  }

  async #send(position: number, body: Buffer): Promise<ReceiveAnswer> {
    const { topic, source, signal } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await this.#api.send({
          method: 'POST',
          path: `${path`/v1/topics/${topic}/events`}?onError=dlq`,
          headers: {
            'content-type': 'application/x-ndjson',
            'millrace-sequence': encodeURIComponent(source.id),
            'millrace-position': String(position),
          },
          body,
          signal,
        })
        return JSON.parse(response.text) as ReceiveAnswer
      } catch (error) {
        const pause = RETRY_MS[attempt]
        if (pause === undefined || !isMillraceError(error) || !error.retryable) throw error
        await systemClock.sleep(pause, signal)
      }
    }
  }
}

/** Lines of JSON go as they are; a dry run looks whether they are JSON. */
function isReadable({ bytes, problem }: SourceEvent): boolean {
  if (problem !== undefined) return false
  try {
    JSON.parse(Buffer.from(bytes).toString())
    return true
  } catch {
    return false
  }
}

const NEWLINE = Buffer.from('\n')

/** An event as a line. A row that the file's reader could not take goes as it stands: the server puts it aside. */
function lineOf({ bytes, original, problem }: SourceEvent): Buffer {
  const line = Buffer.from(problem === undefined ? bytes : (original ?? bytes))
  const isOneLine = !line.includes(NEWLINE[0]!) && line.length > 0
  return Buffer.concat([isOneLine ? line : Buffer.from(JSON.stringify(line.toString())), NEWLINE])
}
