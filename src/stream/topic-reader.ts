/** The consumer loop of a sink: one member of a group that reads from given positions and survives failures. */
import {
  isMillraceError,
  type Clock,
  type Logger,
  type LogRecord,
  type TopicPartitionOffset,
} from '../core/index.ts'
import type { Log } from '../log/index.ts'
import type { Positions } from './offset-ranges.ts'

/** Records of one poll: few enough that a poll never holds the event loop, enough to fill batches quickly. */
const POLL_RECORDS = 2_000
/** Pause after a failed poll, milliseconds. */
const RETRY_MS = 500

export interface TopicReaderOptions {
  readonly log: Log
  readonly topic: string
  readonly group: string
  /** Per partition, the first offset to read. */
  readonly start: Positions
  readonly clock: Clock
  readonly logger: Logger
}

export interface ReaderEvents {
  /** Resolves when records are welcome. */
  waitForRoom(): Promise<void>
  onRecords(records: readonly LogRecord[]): void
  onFailure(error: Error): void
  onSuccess(): void
}

export interface TopicReader {
  start(events: ReaderEvents): void
  /** Ends the loop. */
  stop(): Promise<void>
  /** True from the call of `stop` on. */
  isStopping(): boolean
  /** After `stop`: what is there now from the positions on, without waiting; at most some thousand records. */
  drain(positions: Positions): Promise<readonly LogRecord[]>
  commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void>
  close(): Promise<void>
}

export async function openTopicReader(options: TopicReaderOptions): Promise<TopicReader> {
  const { log, topic, clock, logger } = options
  const consumer = await log.consumer({
    group: options.group,
    topics: [topic],
    from: 'earliest',
  })
  const seek = (positions: Positions): void => {
    for (const [partition, offset] of positions) consumer.seek({ topic, partition, offset })
  }
  seek(options.start)
  // A crash between the batch record and this commit leaves the group behind; the lag it shows would be wrong.
  const known = [...options.start].filter(([, offset]) => offset > 0)
  if (known.length > 0) {
    await consumer.commitOffsets(known.map(([partition, offset]) => ({ topic, partition, offset })))
  }

  const stopping = new AbortController()
  let loop: Promise<void> = Promise.resolve()

  async function run(events: ReaderEvents): Promise<void> {
    let isFailing = false
    for (;;) {
      await events.waitForRoom()
      if (stopping.signal.aborted) return
      try {
        const records = await consumer.poll({
          maxRecords: POLL_RECORDS,
          signal: stopping.signal,
        })
        if (isFailing) events.onSuccess()
        isFailing = false
        if (records.length > 0) events.onRecords(records)
      } catch (error) {
        if (stopping.signal.aborted) return
        if (!isFailing) logger.error({ err: error, topic }, 'the topic cannot be read')
        isFailing = true
        events.onFailure(error as Error)
        if (isMillraceError(error, 'LOG_CLOSED')) return
        await clock.sleep(RETRY_MS, stopping.signal).catch(() => {})
      }
    }
  }

  return {
    start(events) {
      loop = run(events)
    },
    async stop() {
      stopping.abort()
      await loop
    },
    isStopping: () => stopping.signal.aborted,
    async drain(positions) {
      // An aborted poll may have moved on without handing its records over.
      seek(positions)
      const records = await consumer.poll({ maxRecords: POLL_RECORDS, timeoutMs: 0 })
      return records
    },
    commitOffsets: (offsets) => consumer.commitOffsets(offsets),
    close: () => consumer.close(),
  }
}
