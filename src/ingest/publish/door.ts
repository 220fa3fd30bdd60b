/**
 * The one way into a topic. For each group of events, in this order: leave out positions that are stored, check, append
 * the sound ones, append the dead letters, settle the positions, count. What an answer says is durable, its counts too.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises'
import {
  deadLetterTopic,
  isDeadLetterTopic,
  isMillraceError,
  MillraceError,
  quote,
  type Clock,
  type Envelope,
  type Limits,
  type Metrics,
  type NewRecord,
} from '../../core/index.ts'
import type { Appended, Log } from '../../log/index.ts'
import type { Incoming } from '../bodies/incoming.ts'
import type { IdStore } from '../dedupe/id-store.ts'
import { sortById } from '../dedupe/sort-by-id.ts'
import { ingestError } from '../errors.ts'
import type { DoorCounts } from '../ledger/door-counts.ts'
import type { EventCheck, EventFault } from '../events/event-check.ts'
import type { Spool } from '../spool/spool.ts'
import {
  createRecordBuilder,
  type BuiltEvent,
  type Place,
  type RecordBuilder,
} from './record-builder.ts'
import { sequenceHeaders } from './sequence-record.ts'
import type { SequenceState, SequenceStore } from './sequence-store.ts'
import { Tally } from './tally.ts'
import type { TopicDirectory } from './topic-directory.ts'

export interface DoorDeps {
  readonly log: Log
  readonly clock: Clock
  readonly metrics: Metrics
  readonly limits: Limits
  readonly directory: TopicDirectory
  readonly sequences: SequenceStore
  readonly ids: IdStore
  readonly counts: DoorCounts
  /** Where events wait while the cluster is away. Absent: they are refused then. */
  readonly spool: Spool | undefined
}

/** What one call says of its events. */
export interface CallOptions {
  readonly source: string
  readonly onError: 'reject' | 'dlq'
  readonly envelope?: Partial<Envelope> | undefined
  readonly sequence?: string | undefined
  /** True: a body that is not JSON fails as a whole, before anything is stored. */
  readonly isWholeJson?: boolean
  /** False: the call is one event, which takes the envelope's id as it is. */
  readonly isBatch?: boolean
  /** Offset of the dead letter whose event this is. It was counted as received when it came. */
  readonly letter?: number
}

export interface DoorOptions extends CallOptions {
  readonly topic: string
  readonly isDeclared: boolean
  readonly check: EventCheck
}

interface GoodEvent extends BuiltEvent {
  readonly event: Incoming
  readonly place: Place
}

interface Sorted {
  readonly good: GoodEvent[]
  readonly bad: NewRecord[]
  readonly badPositions: number[]
}

/** Some milliseconds of work; then other requests have their turn. */
const EVENTS_IN_ONE_GO = 250

export class Door {
  readonly tally = new Tally()
  readonly #deps: DoorDeps
  readonly #options: DoorOptions
  readonly #builder: RecordBuilder
  readonly #labels: { topic: string; source: string }
  #index = 0

  constructor(deps: DoorDeps, options: DoorOptions) {
    this.#deps = deps
    this.#options = options
    this.#builder = createRecordBuilder(
      { ...options, recordBytes: deps.limits.recordBytes },
      deps.clock,
      options.isBatch ?? true,
    )
    // The part before the colon: file and client names would make too many time series.
    this.#labels = { topic: options.topic, source: options.source.split(':', 1)[0] ?? '' }
  }

  /** `first`: position of the first event in the sequence. Resolves when what is counted as accepted is durable. */
  async admit(events: readonly Incoming[], first?: number): Promise<void> {
    const { sequence, topic } = this.#options
    if (sequence === undefined || first === undefined) {
      await this.#admit(events, undefined, first)
      return
    }
    await this.#deps.sequences.exclusive(topic, sequence, (state) =>
      this.#admit(events, state, first),
    )
  }

  /** Events that passed a door before and waited in a spool; `first` is their position in its sequence. */
  async admitBuilt(events: readonly BuiltEvent[], first: number): Promise<void> {
    const { sequence = '', topic } = this.#options
    const name = Buffer.from(sequence)
    if (isDeadLetterTopic(topic)) await this.#deps.directory.ensureOwn(topic)
    await this.#deps.sequences.exclusive(topic, sequence, (state) => {
      const good = events.flatMap(({ record, givenId }, index): GoodEvent[] => {
        const position = first + index
        if (state.stored.has(position)) return []
        const headers = [...record.headers, ...sequenceHeaders(name, Buffer.from(String(position)))]
        const event = { bytes: record.value ?? new Uint8Array() }
        return [{ event, place: { index, position }, givenId, record: { ...record, headers } }]
      })
      return this.#finish({ good, bad: [], badPositions: [] }, state, this.tally.duplicates, 0)
    })
  }

  async #admit(
    events: readonly Incoming[],
    state: SequenceState | undefined,
    first: number | undefined,
  ): Promise<void> {
    const { topic, isDeclared } = this.#options
    const { metrics, directory } = this.#deps
    const { duplicates, rejectedCount } = this.tally
    const sorted = await this.#sort(events, state, first)
    metrics.record('events_received_total', this.#labels, events.length)
    this.tally.received += events.length
    this.#index += events.length
    if (await this.#spoolFor(state)?.isNeeded(topic)) {
      await this.#spoolAll(sorted, this.tally.rejectedCount - rejectedCount)
      return
    }
    await directory.ensureWritable(topic, isDeclared)
    await this.#finish(sorted, state, duplicates, rejectedCount)
  }

  /** Positions of a sequence are sent again by their sender, and dead letters by a person: only other events may wait. */
  #spoolFor(state: SequenceState | undefined): Spool | undefined {
    return state === undefined && this.#options.letter === undefined ? this.#deps.spool : undefined
  }

  async #spoolAll({ good, bad }: Sorted, rejected: number): Promise<void> {
    const { topic, onError } = this.#options
    if (onError === 'reject' && rejected > 0) throw uncountable(topic, rejected)
    await this.#wait(topic, good)
    const letters = bad.map((record) => ({ record, givenId: undefined }))
    await this.#wait(deadLetterTopic(topic), letters)
    this.tally.deadLettered += bad.length
  }

  async #wait(topic: string, events: readonly BuiltEvent[]): Promise<void> {
    if (events.length === 0) return
    await this.#deps.spool?.add(topic, events)
    if (!isDeadLetterTopic(topic)) this.tally.spooled += events.length
  }

  async #finish(
    sorted: Sorted,
    state: SequenceState | undefined,
    duplicates: number,
    rejectedCount: number,
  ): Promise<void> {
    const { topic, onError } = this.#options
    const { directory } = this.#deps
    await this.#store(sorted, state)
    if (onError === 'dlq' && sorted.bad.length > 0) {
      const letters = deadLetterTopic(topic)
      await directory.ensureOwn(letters)
      await this.#deps.log.append(letters, sorted.bad)
      settle(state, sorted.badPositions)
      this.tally.deadLettered += sorted.bad.length
    }
    const isKept = onError === 'dlq' || this.#options.letter !== undefined
    await this.#deps.counts.add(topic, {
      duplicates: this.tally.duplicates - duplicates,
      rejected: isKept ? 0 : this.tally.rejectedCount - rejectedCount,
    })
  }

  /** Appends the good events that are new by their ids; those that take an id of another event go to the bad ones. */
  async #store(sorted: Sorted, state: SequenceState | undefined): Promise<void> {
    const { topic } = this.#options
    const byId = await sortById(this.#deps.ids, topic, sorted.good)
    try {
      const { fresh, duplicates, repeats, conflicts } = byId
      if (fresh.length > 0) {
        const appended = await this.#append(fresh, state)
        // Of events that wait for the cluster, repeats wait too, and are found to be repeats when they come there.
        if (appended === undefined) {
          await this.#wait(
            topic,
            repeats.map((index) => fresh[index]!),
          )
        } else {
          byId.settle(appended)
          this.tally.accept(appended)
          for (const index of repeats) this.tally.repeat(appended[index]!)
          if (!isDeadLetterTopic(topic)) {
            this.#deps.metrics.record('events_accepted_total', this.#labels, fresh.length)
          }
        }
      }
      for (const place of duplicates) this.tally.repeat(place)
      settle(state, storedPositions(sorted.good, new Set(conflicts)))
      for (const { event, place, givenId } of conflicts) {
        this.#refuse(event, idConflict(givenId ?? ''), place, sorted)
      }
    } finally {
      byId.release()
    }
  }

  async #sort(
    events: readonly Incoming[],
    state: SequenceState | undefined,
    first: number | undefined,
  ): Promise<Sorted> {
    const sorted: Sorted = { good: [], bad: [], badPositions: [] }
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!
      if (i > 0 && i % EVENTS_IN_ONE_GO === 0) await letOthersRun()
      const position = first === undefined ? undefined : first + i
      if (state && position !== undefined && state.stored.has(position)) {
        this.tally.duplicates++
        continue
      }
      const place = { index: this.#index + i, position }
      const verdict = event.problem ?? this.#options.check(event.bytes)
      if (verdict.code === undefined) {
        const { record, givenId } = this.#builder.event(event, verdict, place)
        sorted.good.push({ event, place, record, givenId })
        continue
      }
      if (this.#options.isWholeJson === true && verdict.code === 'INGEST_INVALID_JSON') {
        throw ingestError(verdict.code, `the body ${verdict.issues[0]?.message ?? ''}`)
      }
      this.#refuse(event, verdict, place, sorted)
    }
    return sorted
  }

  #refuse(event: Incoming, fault: EventFault, place: Place, sorted: Sorted): void {
    const { topic, onError } = this.#options
    const { metrics } = this.#deps
    this.tally.reject({
      index: place.index,
      ...(event.line === undefined ? {} : { line: event.line }),
      code: fault.code,
      issues: fault.issues,
    })
    const labels = { topic, reason: fault.code }
    if (onError === 'reject') {
      metrics.record('events_rejected_total', labels, 1)
      return
    }
    sorted.bad.push(this.#builder.deadLetter(event, fault, place))
    if (place.position !== undefined) sorted.badPositions.push(place.position)
    metrics.record('dead_letters_total', labels, 1)
  }

  /** Undefined when the cluster went away before it had any of them, and they wait. */
  async #append(
    events: readonly BuiltEvent[],
    state: SequenceState | undefined,
  ): Promise<readonly Appended[] | undefined> {
    const { topic, isDeclared } = this.#options
    const records = events.map(({ record }) => record)
    try {
      return await this.#deps.log.append(topic, records)
    } catch (error) {
      if (isSurelyUnstored(error) && this.#spoolFor(state) !== undefined) {
        await this.#wait(topic, events)
        return undefined
      }
      if (!isMillraceError(error, 'LOG_UNKNOWN_TOPIC')) throw error
      // Somebody deleted the topic since the last event.
      this.#deps.directory.forget(topic)
      await this.#deps.directory.ensureWritable(topic, isDeclared)
      return this.#deps.log.append(topic, records)
    }
  }

  /** A body that cannot be read is counted as one event that was refused, for a topic that is there. */
  async refuseBody(code: string): Promise<void> {
    const { topic, isDeclared } = this.#options
    const { directory, metrics, counts } = this.#deps
    if (!isDeclared && !(await directory.exists(topic))) return
    metrics.record('events_received_total', this.#labels, 1)
    metrics.record('events_rejected_total', { topic, reason: code }, 1)
    await counts.add(topic, { duplicates: 0, rejected: 1 })
  }

  /** The error of a call that fails half way, saying what is durable. */
  withCounts(error: unknown): unknown {
    const { accepted, duplicates, deadLettered, spooled } = this.tally
    const kept = accepted + duplicates + deadLettered + spooled
    if (!isMillraceError(error) || kept === 0) return error
    return new MillraceError(error.code, error, error.message, {
      details: {
        ...error.details,
        accepted,
        duplicates,
        deadLettered,
        spooled,
        offsets: this.tally.offsets(),
      },
      cause: error,
      ...(error.retryAfterSeconds === undefined
        ? {}
        : { retryAfterSeconds: error.retryAfterSeconds }),
    })
  }
}

/** The log says so where it can; without a word an event may be there. */
const isSurelyUnstored = (error: unknown): boolean =>
  isMillraceError(error) && error.retryable && error.details?.['isStored'] === false

/** The ledger counts what is refused, and its counts are on the cluster. */
const uncountable = (topic: string, rejected: number): Error =>
  ingestError(
    'INGEST_SPOOL_FULL',
    `${rejected} events for topic ${quote(topic)} break its rules, and while the Kafka cluster is away only sound events can wait: send these again later, or with onError=dlq`,
    { details: { topic, rejected }, retryAfterSeconds: 5 },
  )

const idConflict = (id: string): EventFault => ({
  code: 'INGEST_ID_CONFLICT',
  issues: [
    {
      path: '',
      message: `the id ${quote(id)} belongs to another event of this topic: send the same bytes again, or another id`,
    },
  ],
})

function storedPositions(good: readonly GoodEvent[], refused: ReadonlySet<GoodEvent>): number[] {
  const positions: number[] = []
  for (const event of good) {
    const { position } = event.place
    if (position !== undefined && !refused.has(event)) positions.push(position)
  }
  return positions
}

function settle(state: SequenceState | undefined, positions: readonly number[]): void {
  if (!state) return
  for (const position of positions) state.stored.add(position)
  state.unwritten += positions.length
}
