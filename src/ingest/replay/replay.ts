/**
 * Plays a source into a topic. It goes on where an earlier replay of the same source stopped: the source's id is the
 * sequence, the row its position. A bad row goes to the dead letters; a full disk makes the replay wait and try again.
 */
import { isMillraceError, type Clock, type Logger } from '../../core/index.ts'
import type { Incoming } from '../bodies/incoming.ts'
import { ingestError } from '../errors.ts'
import type { EventCheck } from '../events/event-check.ts'
import type { Replay, ReplayOptions, ReplayProgress, SourceEvent } from '../ingest.ts'
import type { Door } from '../publish/door.ts'
import type { SequenceStore } from '../publish/sequence-store.ts'
import { createPacer, type Pacer } from './pacer.ts'
import { RateMeter } from './rate-meter.ts'

export interface ReplayDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly sequences: SequenceStore
  readonly check: EventCheck
  readonly door: Door
  /** Event time of an event, for `speed`. */
  readonly timeOf: ((bytes: Uint8Array) => number | undefined) | undefined
}

/** Most events and bytes of one append. */
const GROUP_EVENTS = 5_000
const GROUP_BYTES = 4 * 1024 * 1024
/** Events that fall due within this time go into one append. */
const TICK_MS = 10
/** setTimeout overflows beyond 24 days; nobody notices a wake-up an hour. */
const LONGEST_SLEEP_MS = 3_600_000
const RETRY_FIRST_MS = 250
const RETRY_LAST_MS = 10_000

/** Throws INGEST_INVALID_REPLAY at once; what goes wrong later rejects `done`. */
export function startReplay(options: ReplayOptions, deps: ReplayDeps): Replay {
  const pacer = createPacer(options)
  if (pacer.needsEventTime && !deps.timeOf) {
    throw ingestError(
      'INGEST_INVALID_REPLAY',
      `replay option speed needs an event time, and topic ${options.topic} declares none: use rate`,
      { details: { field: 'speed' } },
    )
  }
  const run = new ReplayRun(options, deps, pacer)
  const done = run.run()
  // Whoever waits for `done` gets the error; nobody has to.
  done.catch(() => {})
  return {
    done,
    progress: () => run.progress(),
    stop: async () => {
      run.stop()
      await done.catch(() => {})
    },
  }
}

class ReplayRun {
  readonly #options: ReplayOptions
  readonly #deps: ReplayDeps
  readonly #pacer: Pacer
  readonly #stop = new AbortController()
  readonly #meter = new RateMeter()
  #state: ReplayProgress['state'] = 'running'
  #error: string | undefined
  #position = 0
  #read = 0
  #dry = { accepted: 0, bad: 0 }
  #group: SourceEvent[] = []
  #groupBytes = 0

  constructor(options: ReplayOptions, deps: ReplayDeps, pacer: Pacer) {
    this.#options = options
    this.#deps = deps
    this.#pacer = pacer
  }

  progress(): ReplayProgress {
    const { topic, source, dryRun } = this.#options
    const { tally } = this.#deps.door
    return {
      topic,
      source: source.id,
      position: this.#position,
      ...(source.total === undefined ? {} : { total: source.total }),
      accepted: dryRun === true ? this.#dry.accepted : tally.accepted,
      duplicates: tally.duplicates,
      deadLettered: dryRun === true ? this.#dry.bad : tally.deadLettered,
      ratePerSecond: this.#state === 'running' ? this.#rate() : 0,
      state: this.#state,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    }
  }

  #rate(): number {
    return this.#meter.perSecond(this.#deps.clock.monotonic())
  }

  stop(): void {
    this.#stop.abort(new Error('the replay was stopped'))
  }

  async run(): Promise<ReplayProgress> {
    const { logger } = this.#deps
    const facts = { topic: this.#options.topic, source: this.#options.source.id }
    try {
      const isComplete = await this.#play()
      this.#state = isComplete ? 'done' : 'stopped'
      logger.info({ ...facts, position: this.#position }, `replay ${this.#state}`)
    } catch (error) {
      this.#state = 'failed'
      this.#error = (error as Error).message
      logger.error({ ...facts, position: this.#position, error }, 'replay failed')
      throw error
    }
    return this.progress()
  }

  /** True when the source came to its end. */
  async #play(): Promise<boolean> {
    const { source, topic, dryRun = false } = this.#options
    if (!dryRun) await this.#resume()
    this.#meter.observe(this.#deps.clock.monotonic(), 0)
    let isComplete = false
    try {
      isComplete = await this.#readAll()
      await this.#flush()
    } catch (error) {
      if (!this.#stop.signal.aborted || error !== this.#stop.signal.reason) throw error
    } finally {
      if (!dryRun) await this.#deps.sequences.checkpoint(topic, source.id)
    }
    return isComplete
  }

  async #resume(): Promise<void> {
    const { source, topic } = this.#options
    const { sequences } = this.#deps
    if (source.fingerprint !== undefined) await sequences.bind(topic, source.id, source.fingerprint)
    this.#position = await sequences.exclusive(topic, source.id, (state) =>
      Promise.resolve(state.stored.complete),
    )
  }

  async #readAll(): Promise<boolean> {
    const { source, limit = Infinity } = this.#options
    const { signal } = this.#stop
    if (limit === 0) return false
    // Nothing is left: a start over a finished file does not read and sort it again.
    if (source.total !== undefined && this.#position >= source.total) return true
    for await (const events of source.events(this.#position + 1, signal)) {
      for (const event of events) {
        await this.#waitFor(event)
        this.#group.push(event)
        this.#groupBytes += event.bytes.length
        this.#read++
        if (this.#group.length >= GROUP_EVENTS || this.#groupBytes >= GROUP_BYTES)
          await this.#flush()
        if (this.#read >= limit) return false
        signal.throwIfAborted()
      }
    }
    return true
  }

  async #waitFor(event: SourceEvent): Promise<void> {
    const { clock, timeOf } = this.#deps
    const timeMs = this.#pacer.needsEventTime ? timeOf?.(event.bytes) : undefined
    const due = this.#pacer.next(clock.monotonic(), timeMs)
    if (due <= clock.monotonic()) return
    await this.#flush()
    for (let wait = due - clock.monotonic(); wait > 0; wait = due - clock.monotonic()) {
      await clock.sleep(Math.min(Math.max(wait, TICK_MS), LONGEST_SLEEP_MS), this.#stop.signal)
    }
  }

  async #flush(): Promise<void> {
    const group = this.#group
    if (group.length === 0) return
    this.#group = []
    this.#groupBytes = 0
    if (this.#options.dryRun === true) this.#checkOnly(group)
    else await this.#admit(group)
    this.#position = group.at(-1)!.position
    this.#meter.observe(this.#deps.clock.monotonic(), this.#read)
  }

  #checkOnly(group: readonly SourceEvent[]): void {
    for (const event of group) {
      const fault = event.problem ?? this.#deps.check(event.bytes)
      if (fault.code === undefined) this.#dry.accepted++
      else this.#dry.bad++
    }
  }

  async #admit(group: readonly SourceEvent[]): Promise<void> {
    const { clock, logger, door } = this.#deps
    const incoming = group as readonly Incoming[]
    for (let pause = RETRY_FIRST_MS; ; pause = Math.min(pause * 2, RETRY_LAST_MS)) {
      try {
        return await door.admit(incoming, group[0]!.position)
      } catch (error) {
        const isPassing = isMillraceError(error) && error.retryable && error.code !== 'LOG_CLOSED'
        if (!isPassing) throw error
        logger.warn(
          { topic: this.#options.topic, code: error.code, retryMs: pause },
          'replay waits',
        )
        await clock.sleep(pause, this.#stop.signal)
      }
    }
  }
}
