/** One of the room's own compacted topics, followed: each call of `catchUp` sees the records since the last one. */
import type { LogRecord, NewRecord } from '../../core/index.ts'
import type { Appended } from '../../log/index.ts'
import type { LogAccess } from './sequence-recovery.ts'

export interface OwnTopic {
  /** Reads what came since the last call, also from other processes, in order. Calls run one by one. */
  catchUp(): Promise<void>
  append(records: readonly NewRecord[]): Promise<readonly Appended[]>
}

export function followOwnTopic(
  { log, directory }: LogAccess,
  topic: string,
  visit: (record: LogRecord) => void,
): OwnTopic {
  const next = new Map<number, number>()
  let tail = Promise.resolve()

  const read = async (): Promise<void> => {
    if (!(await directory.exists(topic))) return
    for (const { partition, earliest, end } of (await log.topic(topic)).partitions) {
      const from = Math.max(next.get(partition) ?? 0, earliest)
      if (from >= end) continue
      for await (const { records } of log.read(topic, partition, from, { to: end })) {
        for (const record of records) {
          visit(record)
          next.set(partition, record.offset + 1)
        }
      }
      next.set(partition, end)
    }
  }

  return {
    catchUp() {
      const run = tail.then(read)
      tail = run.catch(() => {})
      return run
    },
    async append(records) {
      await directory.ensureOwn(topic, true)
      return log.append(topic, records)
    },
  }
}
