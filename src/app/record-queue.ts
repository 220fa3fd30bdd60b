/** Records of one of the product's own topics, written behind an answer that never waits for them. */
import type { Logger, NewRecord } from '../core/index.ts'
import type { Log } from '../log/index.ts'

/** Records that wait to be written; at 200 bytes each some megabytes. */
const MOST_WAITING = 10_000
const MOST_APPEND = 1_000

export interface RecordQueue {
  /** `record(0)` to `record(count − 1)` are made while there is room; the others are dropped. Never throws, never waits. */
  add(count: number, record: (index: number) => NewRecord): void
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface RecordQueueOptions {
  readonly log: Log
  readonly logger: Logger
  readonly topic: string
  /** For the warning: "predictions". */
  readonly what: string
  readonly onOutcome: (outcome: 'stored' | 'dropped', count: number) => void
}

export function createRecordQueue(options: RecordQueueOptions): RecordQueue {
  const { log, logger, topic, what, onOutcome } = options
  let waiting: NewRecord[] = []
  let writing: Promise<void> | undefined
  let isFailing = false
  let isClosed = false

  const drop = (count: number, reason: string): void => {
    onOutcome('dropped', count)
    if (!isFailing) logger.warn({ reason }, `${what} are answered but not logged`)
    isFailing = true
  }
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const records = waiting.slice(0, MOST_APPEND)
      waiting = waiting.slice(MOST_APPEND)
      try {
        await log.append(topic, records)
        onOutcome('stored', records.length)
        isFailing = false
      } catch (error) {
        drop(records.length, (error as Error).message)
      }
    }
    writing = undefined
  }
  return {
    add(count, record) {
      const room = isClosed ? 0 : Math.max(0, MOST_WAITING - waiting.length)
      const taken = Math.min(count, room)
      for (let index = 0; index < taken; index++) waiting.push(record(index))
      if (count > taken) drop(count - taken, `more ${what} than the log takes`)
      writing ??= waiting.length > 0 ? write() : undefined
    },
    async settled() {
      await writing
    },
    async close() {
      isClosed = true
      await writing
    },
  }
}
