/** One member of a consumer group: its partitions, its positions, and the poll that waits for durable records. */
import type {
  Clock,
  Logger,
  LogRecord,
  TopicPartition,
  TopicPartitionOffset,
} from '../../../../core/index.ts'
import { coreError, isMillraceError } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { Consumer, ConsumerOptions } from '../../../log.ts'
import type { PartitionLog } from '../partition/partition-log.ts'
import { PartitionReader } from '../partition/partition-reader.ts'

/** What a member asks of its group. */
export interface Membership {
  commit(member: GroupConsumer, offsets: readonly TopicPartitionOffset[]): Promise<void>
  leave(member: GroupConsumer): Promise<void>
}

interface Owned extends TopicPartition {
  readonly log: PartitionLog
  readonly reader: PartitionReader
  readonly stopListening: () => void
  /** The next record that `poll` returns. */
  position: number
  /** Decoded and not yet returned; begins at `position` or after it. */
  buffered: readonly LogRecord[]
  /** Where reading goes on behind the buffer. */
  readFrom: number
}

const DEFAULT_MAX_RECORDS = 500
const DEFAULT_TIMEOUT_MS = 1_000
const FETCH_BYTES = 1024 * 1024

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

export class GroupConsumer implements Consumer {
  readonly group: string
  readonly memberId: string
  readonly topics: readonly string[]
  readonly options: ConsumerOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #membership: Membership
  readonly #owned = new Map<string, Owned>()
  /** Set once: why every call fails from then on. */
  #closed: Error | undefined
  #isPolling = false
  #wake: (() => void) | undefined
  /** The partition that the next poll begins with, so that none starves. */
  #turn = 0

  constructor(
    memberId: string,
    options: ConsumerOptions,
    context: { clock: Clock; logger: Logger; membership: Membership },
  ) {
    this.group = options.group
    this.memberId = memberId
    this.topics = [...new Set(options.topics)]
    this.options = options
    this.#clock = context.clock
    this.#logger = context.logger
    this.#membership = context.membership
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  owns(partition: TopicPartition): boolean {
    return this.#owned.has(keyOf(partition))
  }

  assignment(): readonly TopicPartition[] {
    return [...this.#owned.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  /** Takes a partition over, from `position` on. */
  assign(place: TopicPartition, log: PartitionLog, position: number): void {
    this.#owned.set(keyOf(place), {
      ...place,
      log,
      reader: new PartitionReader(log),
      stopListening: log.onEnd(() => this.#wake?.()),
      position,
      buffered: [],
      readFrom: position,
    })
    this.#wake?.()
  }

  /** Loses a partition: from here on its commits are fenced. */
  drop(place: TopicPartition): void {
    this.#owned.get(keyOf(place))?.stopListening()
    this.#owned.delete(keyOf(place))
  }

  /** Ends the member: everything it owns is dropped and every further call fails with `reason`. */
  end(reason: Error): void {
    this.#closed ??= reason
    for (const place of this.assignment()) this.drop(place)
    this.#wake?.()
  }

  async poll(
    options: { maxRecords?: number; timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<readonly LogRecord[]> {
    const { maxRecords = DEFAULT_MAX_RECORDS, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options
    if (this.#isPolling) throw new TypeError('poll was called while another poll is waiting')
    if (!(maxRecords >= 1)) {
      throw coreError('CORE_INVALID_INPUT', `maxRecords ${maxRecords} is not at least 1`)
    }
    this.#isPolling = true
    try {
      const deadline = this.#clock.monotonic() + timeoutMs
      for (;;) {
        this.#refuseClosed()
        const records = await this.#collect(maxRecords)
        if (records.length > 0) return records
        const left = deadline - this.#clock.monotonic()
        if (left <= 0 || signal?.aborted === true) return []
        await this.#wait(left, signal)
      }
    } finally {
      this.#isPolling = false
    }
  }

  position(place: TopicPartition): number {
    return this.#get(place).position
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const owned = this.#get({ topic, partition })
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw coreError('CORE_INVALID_INPUT', `offset ${offset} is not a whole number from 0 on`)
    }
    owned.position = offset
    owned.readFrom = offset
    owned.buffered = []
    this.#wake?.()
  }

  async commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    this.#refuseClosed()
    await this.#membership.commit(this, offsets)
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return
    const message = `the consumer ${this.memberId} is closed: open another one`
    this.end(logError('LOG_CLOSED', message))
    await this.#membership.leave(this)
  }

  #refuseClosed(): void {
    if (this.#closed !== undefined) throw this.#closed
  }

  #get(place: TopicPartition): Owned {
    this.#refuseClosed()
    const owned = this.#owned.get(keyOf(place))
    if (owned !== undefined) return owned
    throw logError(
      'LOG_FENCED',
      `consumer ${this.memberId} does not own topic "${place.topic}", partition ${place.partition}: use its assignment`,
      { details: { group: this.group, ...place } },
    )
  }

  async #collect(maxRecords: number): Promise<LogRecord[]> {
    const places = [...this.#owned.values()]
    let records: LogRecord[] = []
    for (let step = 0; step < places.length && records.length < maxRecords; step++) {
      const owned = places[(this.#turn + step) % places.length]!
      try {
        const more = await this.#take(owned, maxRecords - records.length)
        records = records.length === 0 ? more : records.concat(more)
      } catch (error) {
        // What was read of the others comes first; the damaged partition is told when its turn comes again.
        if (records.length > 0) break
        this.#turn = (this.#turn + step + 1) % places.length
        throw error
      }
    }
    if (places.length > 0) this.#turn = (this.#turn + 1) % places.length
    return records
  }

  async #take(owned: Owned, maxRecords: number): Promise<LogRecord[]> {
    if (owned.buffered.length === 0 && !(await this.#fill(owned))) return []
    const { buffered } = owned
    const taken = buffered.slice(0, maxRecords)
    owned.buffered = buffered.slice(maxRecords)
    owned.position = owned.buffered[0]?.offset ?? owned.readFrom
    return taken
  }

  /** False when there is nothing to take, also because the partition was lost or moved while it was read. */
  async #fill(owned: Owned): Promise<boolean> {
    const { log, reader, readFrom } = owned
    const end = log.end
    if (readFrom === end) return false
    const isSame = (): boolean =>
      this.#owned.get(keyOf(owned)) === owned && owned.readFrom === readFrom
    try {
      const { records, nextOffset } = await reader.read(readFrom, end, FETCH_BYTES)
      if (!isSame()) return false
      owned.buffered = records
      owned.readFrom = nextOffset
      if (records.length === 0) owned.position = nextOffset
      return records.length > 0
    } catch (error) {
      if (!isSame()) return false
      const isGone = isMillraceError(error, 'LOG_OFFSET_OUT_OF_RANGE') && readFrom < log.earliest
      if (!isGone) throw error
      const facts = { group: this.group, topic: owned.topic, partition: owned.partition }
      const skipped = { from: readFrom, to: log.earliest }
      this.#logger.warn({ ...facts, ...skipped }, 'retention removed records before they were read')
      this.seek({ topic: owned.topic, partition: owned.partition, offset: log.earliest })
      return this.#fill(owned)
    }
  }

  #wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal?.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const cancel = this.#clock.after(timeoutMs, done)
      signal?.addEventListener('abort', done, { once: true })
      this.#wake = done
      // Whatever came between the last look and now would wake nobody.
      const hasNews = [...this.#owned.values()].some(({ log, readFrom }) => readFrom < log.end)
      if (hasNews || this.#closed !== undefined) done()
    })
  }
}
