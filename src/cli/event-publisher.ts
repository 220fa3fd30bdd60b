/** Sends the events of a source to a topic, in groups and at a pace. Where they go is an `EventTarget`. */
import { RateMeter, type EventSource, type Pacer, type SourceEvent } from '../app/index.ts'
import { systemClock } from '../core/index.ts'

/** What became of a group of events. */
export interface GroupCounts {
  readonly accepted: number
  readonly duplicates: number
  readonly rejectedCount: number
}

export interface EventTarget {
  /** Position of the last event of the source that was sent before, 0 for none. */
  position(source: string, signal: AbortSignal): Promise<number>
  /** `first` is the position of the first event. */
  send(
    group: readonly SourceEvent[],
    place: { readonly source: string; readonly first: number },
    signal: AbortSignal,
  ): Promise<GroupCounts>
}

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

export async function publishEvents(
  target: EventTarget,
  options: PublishOptions,
): Promise<PublishProgress> {
  const publisher = new Publisher(target, options)
  await publisher.run()
  return publisher.progress()
}

class Publisher {
  readonly #target: EventTarget
  readonly #options: PublishOptions
  readonly #meter = new RateMeter()
  #group: SourceEvent[] = []
  #bytes = 0
  /** The group on its way; the next one is read meanwhile. One at a time: they keep their order. */
  #sending: Promise<void> | undefined
  #position = 0
  #read = 0
  #sent = 0
  #counts = { accepted: 0, duplicates: 0, rejected: 0 }

  constructor(target: EventTarget, options: PublishOptions) {
    this.#target = target
    this.#options = options
  }

  progress(): PublishProgress {
    const { topic, source } = this.#options
    return {
      topic,
      source: source.id,
      position: this.#position,
      ...(source.total === undefined ? {} : { total: source.total }),
      read: this.#sent,
      ...this.#counts,
      ratePerSecond: this.#meter.perSecond(systemClock.monotonic()),
    }
  }

  async run(): Promise<void> {
    const { source, dryRun, limit = Number.POSITIVE_INFINITY, signal } = this.#options
    if (!dryRun) this.#position = await this.#target.position(source.id, signal)
    this.#meter.observe(systemClock.monotonic(), 0)
    try {
      reading: for await (const events of source.events(this.#position + 1, signal)) {
        for (const event of events) {
          if (this.#read >= limit) break reading
          const pauseMs = this.#pauseBefore(event)
          if (pauseMs > 0) await this.#rest(pauseMs)
          if (this.#add(event)) await this.#flush()
        }
      }
      await this.#flush()
    } finally {
      await this.#sending
    }
  }

  /** Milliseconds, 0 when the event may go into the request that is being filled. */
  #pauseBefore(event: SourceEvent): number {
    const { pacer, timeOf } = this.#options
    const timeMs = pacer.needsEventTime ? timeOf?.(event.bytes) : undefined
    const now = systemClock.monotonic()
    const due = pacer.next(now, timeMs)
    return due <= now + TICK_MS ? 0 : due - now
  }

  async #rest(pauseMs: number): Promise<void> {
    const due = systemClock.monotonic() + pauseMs
    await this.#flush()
    const left = due - systemClock.monotonic()
    if (left > 0) await systemClock.sleep(left, this.#options.signal)
  }

  /** True when the group is full. */
  #add(event: SourceEvent): boolean {
    this.#read += 1
    this.#group.push(event)
    this.#bytes += event.bytes.length
    return this.#group.length >= GROUP_EVENTS || this.#bytes >= GROUP_BYTES
  }

  /** Sends the group when the one before it is stored. Throws what befell that one. */
  async #flush(): Promise<void> {
    const group = this.#group
    this.#group = []
    this.#bytes = 0
    await this.#sending
    const [first] = group
    if (!first) return
    this.#sending = this.#send(group, first.position)
    // Whoever waits next throws it; until then it is nobody's.
    this.#sending.catch(() => {})
  }

  async #send(group: readonly SourceEvent[], first: number): Promise<void> {
    if (this.#options.dryRun) {
      const bad = group.filter((event) => !isReadable(event)).length
      this.#count({ accepted: group.length - bad, duplicates: 0, rejectedCount: bad })
    } else {
      const { source, signal } = this.#options
      this.#count(await this.#target.send(group, { source: source.id, first }, signal))
    }
    this.#position = group.at(-1)?.position ?? this.#position
    this.#sent += group.length
    this.#meter.observe(systemClock.monotonic(), this.#sent)
    this.#options.onProgress(this.progress())
  }

  #count(answer: GroupCounts): void {
    this.#counts.accepted += answer.accepted
    this.#counts.duplicates += answer.duplicates
    this.#counts.rejected += answer.rejectedCount
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
