/** Prints records that come over the Kafka protocol: from places in a topic, or as a member of a consumer group. */
import { isMillraceError, type LogRecord } from '../../core/index.ts'
import type { Log, PartitionInfo } from '../../log/index.ts'
import { cliError } from '../errors.ts'

/** Where reading begins. An offset that a partition does not have is its nearest one. */
export type StartPlace =
  | { readonly at: 'beginning' | 'end' }
  | { readonly at: 'offset'; readonly offset: number }

export interface ConsumeRequest {
  readonly topic: string
  readonly start: StartPlace
  /** Stop after so many. */
  readonly max?: number
  /** Stop at the end instead of waiting. */
  readonly toEnd?: boolean
  /** Stop when nothing new came for so long, milliseconds. */
  readonly idleMs?: number
  readonly signal: AbortSignal
  /** Resolves when the reader of what is printed can take more. */
  print(record: LogRecord): void | Promise<void>
}

/** One poll of a member prints at most so many records before it commits them. */
const POLL_RECORDS = 500
const POLL_MS = 1_000

/** Counts what was printed, and says stop: enough, nothing new for long, or Ctrl-C. */
class Reading {
  readonly #done = new AbortController()
  readonly signal: AbortSignal
  readonly #request: ConsumeRequest
  #timer: NodeJS.Timeout | undefined
  printed = 0

  constructor(request: ConsumeRequest) {
    this.#request = request
    this.signal = AbortSignal.any([request.signal, this.#done.signal])
    this.#rest()
  }

  get isOver(): boolean {
    return this.signal.aborted
  }

  /** False when it was not printed, because there were enough. */
  async print(record: LogRecord): Promise<boolean> {
    const { max = Number.POSITIVE_INFINITY } = this.#request
    if (this.isOver || this.printed >= max) return false
    this.printed += 1
    await this.#request.print(record)
    if (this.printed >= max) this.stop()
    else this.#rest()
    return true
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#done.abort()
  }

  #rest(): void {
    const { idleMs } = this.#request
    clearTimeout(this.#timer)
    if (idleMs !== undefined) this.#timer = setTimeout(() => this.stop(), idleMs)
  }
}

/** Reads partitions side by side, without a group. Resolves with how many records were printed. */
export async function readPlaces(
  log: Log,
  request: ConsumeRequest & { readonly partition?: number },
): Promise<number> {
  const { topic, partition, start, toEnd = false } = request
  const { partitions } = await log.topic(topic)
  const wanted = partitions.filter((one) => partition === undefined || one.partition === partition)
  if (wanted.length === 0) {
    throw cliError(
      'CLI_USAGE',
      `topic ${topic} has no partition ${partition}: it has 0 to ${partitions.length - 1}`,
    )
  }
  checkOffset(topic, start, wanted)
  const reading = new Reading(request)
  try {
    await Promise.all(
      wanted.map(async (place) => {
        const from = firstOffset(start, place)
        const options = {
          signal: reading.signal,
          ...(toEnd ? { to: place.end } : { follow: true }),
        }
        if (toEnd && from >= place.end) return
        for await (const { records } of log.read(topic, place.partition, from, options)) {
          for (const record of records) if (!(await reading.print(record))) return
        }
      }),
    )
  } finally {
    reading.stop()
  }
  return reading.printed
}

function checkOffset(topic: string, start: StartPlace, partitions: readonly PartitionInfo[]): void {
  if (start.at !== 'offset' || partitions.some(({ end }) => start.offset <= end)) return
  const ends = partitions.map(({ partition, end }) => `${end} in partition ${partition}`)
  throw cliError(
    'CLI_USAGE',
    `offset ${start.offset} is past the end of topic ${topic}: ${ends.join(', ')}`,
  )
}

function firstOffset(start: StartPlace, { earliest, end }: PartitionInfo): number {
  if (start.at === 'offset') return Math.min(Math.max(start.offset, earliest), end)
  return start.at === 'beginning' ? earliest : end
}

export interface MemberRequest extends ConsumeRequest {
  readonly group: string
  /** Told when partitions come and go: sentences for a person. */
  readonly note: (text: string) => void
}

/**
 * Joins the group and commits what was printed, poll by poll; `start` counts only where the group has no offset. Resolves
 * with how many records were printed, when the group was left.
 */
export async function readAsMember(log: Log, request: MemberRequest): Promise<number> {
  const { topic, group, start, toEnd = false, note } = request
  const reading = new Reading(request)
  /** From a poll to the commit of what it printed. */
  let pass: Promise<boolean> = Promise.resolve(true)
  let hurry = new AbortController()
  const consumer = await log.consumer({
    group,
    topics: [topic],
    from: start.at === 'beginning' ? 'earliest' : 'latest',
    onAssigned: async (places) => {
      if (places.length > 0) note(`${group}: reading ${placesText(places)} of ${topic}`)
    },
    onRevoked: async (places) => {
      if (places.length === 0) return
      note(`${group}: ${placesText(places)} may go to another member`)
      hurry.abort()
      await pass.catch(() => {})
    },
  })
  const readOnce = async (signal: AbortSignal): Promise<boolean> => {
    const records = await consumer.poll({
      maxRecords: POLL_RECORDS,
      timeoutMs: POLL_MS,
      signal,
    })
    const next = new Map<number, number>()
    for (const record of records) {
      if (!(await reading.print(record))) break
      next.set(record.partition, record.offset + 1)
    }
    const offsets = [...next].map(([partition, offset]) => ({ topic, partition, offset }))
    if (offsets.length > 0) {
      await consumer.commitOffsets(offsets).catch((error: unknown) => {
        // The partitions went while they were printed: their new owner prints these records again.
        if (!isMillraceError(error, 'LOG_FENCED')) throw error
        note(`${group}: partitions went to another member before their offsets were committed`)
      })
    }
    return records.length > 0
  }
  try {
    while (!reading.isOver) {
      hurry = new AbortController()
      pass = readOnce(AbortSignal.any([reading.signal, hurry.signal]))
      const hasRead = await pass
      if (toEnd && !hasRead && (await isAtEnd(log, topic, consumer))) reading.stop()
    }
  } finally {
    reading.stop()
    await consumer.close()
  }
  return reading.printed
}

type Member = Awaited<ReturnType<Log['consumer']>>

async function isAtEnd(log: Log, topic: string, consumer: Member): Promise<boolean> {
  const own = consumer.assignment()
  if (own.length === 0) return false
  const { partitions } = await log.topic(topic)
  return own.every((place) => consumer.position(place) >= (partitions[place.partition]?.end ?? 0))
}

const placesText = (places: readonly { readonly partition: number }[]): string => {
  const numbers = places.map(({ partition }) => partition).toSorted((a, b) => a - b)
  return `${numbers.length === 1 ? 'partition' : 'partitions'} ${numbers.join(', ')}`
}
