/** Applies retention and compaction to every topic, by hand and every few minutes. */
import type { Clock, Logger, TopicPartitionOffset } from '../../../../core/index.ts'
import { compactPartition } from './compaction.ts'
import { applyRetention } from './retention.ts'
import type { Topic, TopicStore } from '../folder/topic-store.ts'

export interface CleanerOptions {
  readonly topics: TopicStore
  readonly clock: Clock
  readonly logger: Logger
  readonly cleanIntervalMs: number
}

export class Cleaner {
  readonly #options: CleanerOptions
  /** "topic/partition" → holder → first offset that it needs. */
  readonly #holds = new Map<string, Map<string, number>>()
  #running: Promise<void> = Promise.resolve()
  #cancelTimer: (() => void) | undefined

  constructor(options: CleanerOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, cleanIntervalMs, logger } = this.#options
    if (cleanIntervalMs <= 0) return
    this.#cancelTimer = clock.after(cleanIntervalMs, () => {
      this.clean()
        .catch((error: unknown) => logger.error({ err: error }, 'retention or compaction failed'))
        .finally(() => {
          if (this.#cancelTimer !== undefined) this.start()
        })
    })
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** Resolves when no round is running. */
  async idle(): Promise<void> {
    await this.#running
  }

  hold(holder: string, { topic, partition, offset }: TopicPartitionOffset): void {
    const place = `${topic}/${partition}`
    let holders = this.#holds.get(place)
    if (holders === undefined) this.#holds.set(place, (holders = new Map()))
    holders.set(holder, offset)
  }

  /** A topic is gone: nobody holds anything of the next one of its name. */
  forget(topic: string): void {
    for (const place of this.#holds.keys()) {
      if (place.slice(0, place.lastIndexOf('/')) === topic) this.#holds.delete(place)
    }
  }

  /** One round at a time; a call during a round waits for it and makes another one. */
  clean(): Promise<void> {
    const round = this.#running.then(() => this.#clean())
    this.#running = round.catch(() => {})
    return round
  }

  async #clean(): Promise<void> {
    let failure: unknown
    for (const topic of this.#options.topics.all()) {
      for (const partition of topic.partitions.keys()) {
        // One damaged partition must not keep the others from being cleaned.
        await this.#cleanPartition(topic, partition).catch((error: unknown) => (failure ??= error))
      }
    }
    if (failure !== undefined) throw failure
  }

  async #cleanPartition({ name, config, partitions }: Topic, partition: number): Promise<void> {
    const log = partitions[partition]!
    const nowMs = this.#options.clock.now()
    if (config.cleanup === 'compact') {
      await compactPartition(log, config, nowMs)
      return
    }
    const holders = this.#holds.get(`${name}/${partition}`)
    await applyRetention(log, config, nowMs, Math.min(...(holders?.values() ?? [])))
  }
}
