/** Four clients that post events to a running server, and the journal of what it acknowledged. */
import { setTimeout as pause } from 'node:timers/promises'
import { createRandom } from '../../src/kernels/index.ts'
import { Anomaly } from './anomaly.ts'
import { payload } from './payload.ts'
import type { Journal } from './writer.ts'

export const TOPICS = ['a', 'b', 'c'] as const
const CLIENTS = 4
const RETRY_MS = 20
/** No request of a failing disk may stay open longer. */
const ANSWER_WITHIN_MS = 10_000

/** An event that proves itself: what follows from its id and size is all of it. */
const eventOf = (id: string, bytes: number): string =>
  JSON.stringify({ id, bytes, pad: Buffer.from(payload(id, bytes)).toString('base64') })

/** The id of a stored event. Throws the anomaly `changed`. */
export function idOfEvent(value: Uint8Array, where: string): string {
  const text = Buffer.from(value).toString()
  const [, id, bytes] = /^\{"id":"([^"]+)","bytes":(\d+),/.exec(text) ?? []
  if (id === undefined || eventOf(id, Number(bytes)) !== text) {
    throw new Anomaly('changed', `${where} holds ${text.slice(0, 80)}`)
  }
  return id
}

export interface Senders {
  /** Answers other than 202, by status and problem code. */
  readonly refused: Map<string, number>
  /** Refusals with 503 that did not say when to come again. */
  readonly withoutRetryAfter: number
  /** Requests that stayed open too long. */
  readonly stuck: number
  /** Requests whose connection was broken off before the answer. A server that is gone takes no connection: that is none. */
  readonly resets: number
  /** Milliseconds of each acknowledged request. */
  readonly latenciesMs: number[]
  /** What is answered after this call counts as not acknowledged. */
  freeze(): void
  stop(): Promise<void>
}

interface Answer {
  readonly code?: string
  readonly offsets?: readonly { partition: number; first: number; last: number }[]
}

export function startSenders(url: string, seed: number, journal: Journal): Senders {
  let isFrozen = false
  const ended = new AbortController()
  const facts = { withoutRetryAfter: 0, stuck: 0, resets: 0 }
  const refused = new Map<string, number>()
  const latenciesMs: number[] = []
  const send = async (topic: string, ids: readonly string[], body: string): Promise<void> => {
    const began = performance.now()
    const answer = await fetch(`${url}/v1/topics/${topic}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    const { code = '', offsets = [] } = (await answer.json()) as Answer
    if (answer.status === 202) {
      latenciesMs.push(performance.now() - began)
      if (isFrozen) return
      const places = offsets.flatMap(({ partition, first, last }) =>
        Array.from(
          { length: last - first + 1 },
          (_, step) => `${topic}/${partition}/${first + step}`,
        ),
      )
      for (const [at, place] of places.entries()) journal.set(place, ids[at]!)
      return
    }
    const reason = `${answer.status} ${code}`
    refused.set(reason, (refused.get(reason) ?? 0) + 1)
    if (answer.status === 503 && !answer.headers.has('retry-after')) facts.withoutRetryAfter++
    await pause(RETRY_MS)
  }
  const client = async (number: number): Promise<void> => {
    const random = createRandom(seed * 10 + number)
    for (let count = 0; !ended.signal.aborted;) {
      const topic = TOPICS[random.int(TOPICS.length)]!
      const ids = Array.from({ length: 1 + random.int(100) }, () => `${seed}-${number}-${count++}`)
      const sizes = ids.map(() => 150 + random.int(random.int(20) === 0 ? 15_000 : 600))
      const body = ids.map((id, at) => `${eventOf(id, sizes[at]!)}\n`).join('')
      try {
        await send(topic, ids, body)
      } catch (error) {
        // The server was ended; or it left a request without an answer.
        if (error instanceof Error && error.name === 'TimeoutError' && !isFrozen) facts.stuck++
        if (isReset(error)) facts.resets++
        await pause(RETRY_MS)
      }
    }
  }
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
  return {
    refused,
    get withoutRetryAfter() {
      return facts.withoutRetryAfter
    },
    get stuck() {
      return facts.stuck
    },
    get resets() {
      return facts.resets
    },
    latenciesMs,
    freeze: () => (isFrozen = true),
    async stop() {
      ended.abort()
      await clients
    },
  }
}

function isReset(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: string } }
  return cause?.code === 'ECONNRESET' || cause?.code === 'UND_ERR_SOCKET' || cause?.code === 'EPIPE'
}
