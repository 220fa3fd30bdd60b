/** The topic of the results: each is written once, by its id. */
import { readEnvelope, type NewRecord } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'

/** Results lie in one partition, in the order in which they were given out. */
const PARTITION = 0
/** Few enough that one append never holds the log for long. */
const CHUNK_RECORDS = 1_000

export interface ResultTopic {
  /** Where the next result will lie. */
  end(): Promise<number>
  /** Writes those that are not there yet, looking from offset `since` on. Durable when it resolves. */
  write(results: readonly NewRecord[], since: number): Promise<void>
}

export function createResultTopic(log: Log, topic: string): ResultTopic {
  const bounds = async (): Promise<{ earliest: number; end: number }> =>
    (await log.topic(topic)).partitions[PARTITION] ?? { earliest: 0, end: 0 }

  const written = async (since: number): Promise<Set<string>> => {
    const found = new Set<string>()
    const { earliest, end } = await bounds()
    const from = Math.max(since, earliest)
    if (from >= end) return found
    for await (const { records } of log.read(topic, PARTITION, from, { to: end })) {
      for (const { headers } of records) {
        const { id } = readEnvelope(headers)
        if (id !== undefined) found.add(id)
      }
    }
    return found
  }

  return {
    end: async () => (await bounds()).end,
    async write(results, since) {
      if (results.length === 0) return
      const known = await written(since)
      const missing = results.filter(({ headers }) => !known.has(readEnvelope(headers).id ?? ''))
      for (let at = 0; at < missing.length; at += CHUNK_RECORDS) {
        await log.append(topic, missing.slice(at, at + CHUNK_RECORDS))
      }
    },
  }
}
