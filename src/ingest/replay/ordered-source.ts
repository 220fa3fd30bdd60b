/**
 * A source in the order of event time: what MovieLens' files are not (they are sorted by user, so their first third holds a
 * third of the users). Rows with equal times keep the file's order; rows without a time come first, where they are seen.
 * A position is the place in this order, and the id says so: the two orders are different sequences.
 */
import { ingestError } from '../errors.ts'
import { createTimeReader } from '../events/event-time.ts'
import type { EventSource, SourceEvent, TopicContract } from '../ingest.ts'

export interface OrderLimits {
  /** Most events that are sorted in memory. */
  readonly maxEvents: number
  /** Most bytes of them. */
  readonly maxBytes: number
}

export const orderLimits: OrderLimits = { maxEvents: 5_000_000, maxBytes: 1024 ** 3 }

const CHUNK = 1_000

/** Throws INGEST_INVALID_REPLAY when the topic declares no event time; INGEST_SOURCE_FAILED beyond the limits. */
export function orderByEventTime(
  source: EventSource,
  contract: TopicContract,
  limits: OrderLimits = orderLimits,
): EventSource {
  const timeOf = createTimeReader(contract)
  if (!timeOf) {
    throw ingestError(
      'INGEST_INVALID_REPLAY',
      `topic ${contract.topic} declares no event time to sort by: replay in the order of the file`,
    )
  }
  return {
    ...source,
    id: `${source.id}?order=event-time`,
    async *events(from, signal) {
      const { events, times } = await readAll(source, timeOf, limits, signal)
      const order = Uint32Array.from(times, (_, i) => i)
      order.sort((a, b) => times[a]! - times[b]! || a - b)
      for (let start = Math.max(1, from); start <= order.length; start += CHUNK) {
        signal?.throwIfAborted()
        const chunk: SourceEvent[] = []
        const end = Math.min(order.length, start + CHUNK - 1)
        for (let position = start; position <= end; position++) {
          chunk.push(events.at(order[position - 1]!, position))
        }
        yield chunk
      }
    },
  }
}

/**
 * A file's events until they are sorted. Hundreds of thousands of small objects that stay cost the garbage collector more than
 * everything else here, so of most events only is kept where they lie in the bytes that were read.
 */
class EventShelf {
  /** Bytes as they were read; some hundreds of events share one. */
  readonly #bytes: ArrayBufferLike[] = []
  readonly #bytesOf: number[] = []
  readonly #offsets: number[] = []
  readonly #lengths: number[] = []
  readonly #rows: number[] = []
  /** Events that are more than their bytes, by their number. */
  readonly #whole = new Map<number, SourceEvent>()

  add(event: SourceEvent): void {
    const { bytes, position, original, problem } = event
    if (original !== undefined || problem !== undefined) {
      this.#whole.set(this.#rows.length, event)
    } else if (this.#bytes.at(-1) !== bytes.buffer) this.#bytes.push(bytes.buffer)
    this.#bytesOf.push(this.#bytes.length - 1)
    this.#offsets.push(bytes.byteOffset)
    this.#lengths.push(bytes.length)
    this.#rows.push(position)
  }

  /** Event number `index`, from 0, at its place in the new order. */
  at(index: number, position: number): SourceEvent {
    const row = this.#rows[index]!
    const whole = this.#whole.get(index)
    if (whole) return { ...whole, position, row }
    const buffer = this.#bytes[this.#bytesOf[index]!]!
    return { bytes: Buffer.from(buffer, this.#offsets[index], this.#lengths[index]), position, row }
  }
}

async function readAll(
  source: EventSource,
  timeOf: (bytes: Uint8Array) => number | undefined,
  { maxEvents, maxBytes }: OrderLimits,
  signal: AbortSignal | undefined,
): Promise<{ events: EventShelf; times: Float64Array }> {
  const events = new EventShelf()
  const times: number[] = []
  let bytes = 0
  for await (const chunk of source.events(1, signal)) {
    for (const event of chunk) {
      events.add(event)
      times.push((event.problem ? undefined : timeOf(event.bytes)) ?? Number.MIN_SAFE_INTEGER)
      bytes += event.bytes.length + (event.original?.length ?? 0)
    }
    if (times.length > maxEvents || bytes > maxBytes) {
      throw ingestError(
        'INGEST_SOURCE_FAILED',
        `${source.id} has more than ${maxEvents} events or ${maxBytes} bytes, too many to sort by time in memory: sort the file before, or replay in the order of the file`,
      )
    }
  }
  return { events, times: Float64Array.from(times) }
}

/** Events looked at to judge a file's order. */
const PEEK_EVENTS = 5_000

/**
 * A sentence when a file lies sorted by the topic's key and not by time, so that its beginning holds few of the keys
 * (training on it would learn them alone); undefined when the order is fine or unknown.
 */
export async function warnOfKeyOrder(
  source: EventSource,
  contract: TopicContract,
): Promise<string | undefined> {
  const timeOf = createTimeReader(contract)
  const { key } = contract
  if (!timeOf || key === undefined) return undefined
  const seen = new Set<string>()
  let keyRuns = 0
  let lastKey: string | undefined
  let lastTime = Number.NEGATIVE_INFINITY
  let backwards = 0
  let count = 0
  for await (const chunk of source.events(1)) {
    for (const event of chunk) {
      const keyText = event.problem ? undefined : fieldText(event.bytes, key)
      if (keyText === undefined) continue
      const time = timeOf(event.bytes) ?? lastTime
      if (time < lastTime) backwards++
      if (keyText !== lastKey) keyRuns++
      seen.add(keyText)
      lastKey = keyText
      lastTime = time
      count++
    }
    if (count >= PEEK_EVENTS) break
  }
  const isGrouped = count > 20 && seen.size > 1 && keyRuns === seen.size && keyRuns < count / 2
  if (!isGrouped || backwards === 0) return undefined
  return `${source.id} is sorted by ${key}, not by time: its first ${count} events hold only ${seen.size} of them, so early batches are not like later ones. Replay it in event-time order.`
}

function fieldText(bytes: Uint8Array, field: string): string | undefined {
  try {
    const event = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>
    const value = event[field]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  } catch {
    return undefined
  }
}
