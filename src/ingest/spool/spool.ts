/**
 * Events that wait on this machine while the cluster of the log is away. They are durable in a log of the data folder when
 * the sender is answered, and go to the cluster in their order when it is back, each once.
 *
 * What waits for one topic is a run: a topic of the spool's own log, whose offsets number the events. The run is a
 * sequence of the topic (`publish/sequence-store.ts`), so that a crash or a lost answer stores none of them twice. While a
 * run has events, later ones of the topic go behind them; when it is empty it goes, and events are appended directly again.
 *
 * Guarantees: **O1** `add` resolves when the events are durable here. **O2** the events of a topic arrive in the order of
 * their `add`, and before later ones. **O3** each arrives once, over crashes of this process and lost answers of brokers.
 * **O4** no more than `maxBytes` wait; beyond, `add` fails with INGEST_SPOOL_FULL and keeps nothing.
 */
import { isMillraceError, newId, quote, type Clock, type Logger } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import { ingestError } from '../errors.ts'
import type { BuiltEvent } from '../publish/record-builder.ts'
import { fromSpool, sizeOf, toSpool } from './spool-record.ts'

export interface SpoolOptions {
  /** A log of the spool alone, in the data folder; who opened it closes it, after this room. */
  readonly store: Log
  /** In sentences: why the cluster would take no event now; empty when it would. */
  readonly faults: () => Promise<readonly string[]>
  /** Most bytes that wait. */
  readonly maxBytes: number
}

export interface SpoolDeps extends SpoolOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Stores events as the next of the sequence; `first` is the position of the first, from 1. */
  readonly forward: (
    topic: string,
    sequence: string,
    events: readonly BuiltEvent[],
    first: number,
  ) => Promise<void>
}

export interface Spool {
  /** True while an event of the topic has to go here. */
  isNeeded(topic: string): Promise<boolean>
  add(topic: string, events: readonly BuiltEvent[]): Promise<void>
  /** Events that wait. */
  waiting(): number
  /** Bytes that may still wait. */
  freeBytes(): number
  /** What waits stays for the next start. */
  close(): Promise<void>
}

interface Run {
  readonly topic: string
  /** Topic in the spool's log. */
  readonly name: string
  /** Its topic is there. */
  readonly ready: Promise<unknown>
  /** Offset of the first event that was not forwarded. */
  sent: number
  end: number
  bytes: number
  /** Calls of `add` under way. */
  adding: number
}

/** A healthy cluster is asked again after so long. */
const FRESH_MS = 500
const RETRY_MS = 1_000

export const createSpool = (deps: SpoolDeps): Spool => new FileSpool(deps)

class FileSpool implements Spool {
  readonly #deps: SpoolDeps
  readonly #runs = new Map<string, Run>()
  readonly #forwarding = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  readonly #loaded: Promise<void>
  #healthyUntil = 0

  constructor(deps: SpoolDeps) {
    this.#deps = deps
    this.#loaded = this.#load()
    // Whoever needs the spool gets the error.
    this.#loaded.catch(() => {})
  }

  async isNeeded(topic: string): Promise<boolean> {
    await this.#loaded
    if (this.#runs.has(topic)) return true
    const { clock } = this.#deps
    if (clock.monotonic() < this.#healthyUntil) return false
    const faults = await this.#deps.faults()
    if (faults.length === 0) this.#healthyUntil = clock.monotonic() + FRESH_MS
    return faults.length > 0 || this.#runs.has(topic)
  }

  async add(topic: string, events: readonly BuiltEvent[]): Promise<void> {
    await this.#loaded
    const size = events.reduce((sum, event) => sum + sizeOf(event), 0)
    this.#refuseFull(size)
    const run = this.#runs.get(topic) ?? this.#begin(topic)
    run.adding++
    run.bytes += size
    try {
      await run.ready
      await this.#deps.store.append(
        run.name,
        events.map((event) => toSpool(topic, event)),
      )
      run.end += events.length
    } catch (error) {
      run.bytes -= size
      throw error
    } finally {
      run.adding--
    }
  }

  waiting(): number {
    return [...this.#runs.values()].reduce((sum, { sent, end }) => sum + end - sent, 0)
  }

  freeBytes(): number {
    return [...this.#runs.values()].reduce((left, { bytes }) => left - bytes, this.#deps.maxBytes)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#loaded.catch(() => {})
    await Promise.all(this.#forwarding)
  }

  #refuseFull(size: number): void {
    const { maxBytes } = this.#deps
    if (size <= this.freeBytes()) return
    throw ingestError(
      'INGEST_SPOOL_FULL',
      `the Kafka cluster is away, and the ${maxBytes} bytes for events that wait are used: send again when it is back, or raise limits.spoolBytes`,
      { details: { maxBytes, freeBytes: this.freeBytes() }, retryAfterSeconds: 5 },
    )
  }

  /** What an earlier process left. */
  async #load(): Promise<void> {
    const { store } = this.#deps
    for (const { name, partitions } of await store.topics()) {
      const [{ end, bytes } = { end: 0, bytes: 0 }] = partitions
      const topic = end === 0 ? undefined : await this.#topicOf(name)
      if (topic === undefined) await store.deleteTopic(name)
      else this.#open({ topic, name, ready: Promise.resolve(), sent: 0, end, bytes, adding: 0 })
    }
  }

  async #topicOf(name: string): Promise<string | undefined> {
    for await (const { records } of this.#deps.store.read(name, 0, 0, { to: 1 })) {
      return records[0] && fromSpool(records[0]).topic
    }
    return undefined
  }

  #begin(topic: string): Run {
    const { store, clock, logger } = this.#deps
    const name = `spool-${newId(clock.now())}`
    const ready = store.createTopic({ name })
    logger.warn({ topic }, 'the Kafka cluster is away: events wait on this machine')
    return this.#open({ topic, name, ready, sent: 0, end: 0, bytes: 0, adding: 0 })
  }

  #open(run: Run): Run {
    this.#runs.set(run.topic, run)
    const forwarding = run.ready
      .then(
        () => this.#forward(run),
        // Who added the first event has the error.
        () => void this.#runs.delete(run.topic),
      )
      .finally(() => this.#forwarding.delete(forwarding))
    this.#forwarding.add(forwarding)
    return run
  }

  /** Until the run is empty, or the spool closes. */
  async #forward(run: Run): Promise<void> {
    const { store, logger } = this.#deps
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#pause()
        if (signal.aborted || (await this.#deps.faults()).length > 0) continue
        await this.#sendAll(run)
        // In one turn: who comes later finds the run, or appends behind all of its events.
        if (run.adding > 0 || run.sent < run.end) continue
        this.#runs.delete(run.topic)
        await store.deleteTopic(run.name)
        logger.info({ topic: run.topic, events: run.end }, 'what waited is on the cluster')
        return
      } catch (error) {
        const facts = { topic: run.topic, err: error }
        if (isMillraceError(error) && error.retryable) logger.debug(facts, 'the spool waits')
        else logger.error(facts, `events of topic ${quote(run.topic)} still wait`)
      }
    }
  }

  #pause(): Promise<void> {
    return this.#deps.clock.sleep(RETRY_MS, this.#stop.signal).catch(() => {})
  }

  async #sendAll(run: Run): Promise<void> {
    const { store, forward } = this.#deps
    if (run.sent === run.end) return
    for await (const { records } of store.read(run.name, 0, run.sent, { to: run.end })) {
      if (this.#stop.signal.aborted) return
      const events = records.map((record) => fromSpool(record).event)
      const first = run.sent + 1
      await forward(run.topic, `spool:${run.name}`, events, first)
      run.sent += records.length
    }
  }
}
