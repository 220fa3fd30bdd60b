/** Counts the letters of each topic by stage. Each letter is read once in the life of the process, when somebody asks. */
import { deadLetterTopic, readDeadLetter } from '../../core/index.ts'
import type { LogAccess } from '../publish/sequence-recovery.ts'

export interface LetterCensus {
  /** Letters written at the door. */
  readonly door: number
  /** Letters of records that the topic's batches, or a derived stream, have settled. */
  readonly sink: number
  /** Letters of records whose batch is not in the lake yet: these records are in flight. */
  readonly pending: number
}

interface Count {
  /** By partition of the letters' topic: the next letter to read. */
  readonly next: Map<number, number>
  door: number
  sink: number
  /** Sink letters of records that were not settled when they were last looked at. */
  pending: { readonly partition: number; readonly offset: number }[]
}

export type TakeCensus = (
  topic: string,
  /** Per partition of the topic, the offset after the last record that is in the lake. */
  settled: ReadonlyMap<number, number>,
) => Promise<LetterCensus>

export function createLetterCensus({ log, directory }: LogAccess): TakeCensus {
  const counts = new Map<string, Count>()
  const tails = new Map<string, Promise<unknown>>()

  const read = async (topic: string, count: Count): Promise<void> => {
    const letters = deadLetterTopic(topic)
    if (!(await directory.exists(letters))) return
    for (const { partition, earliest, end } of (await log.topic(letters)).partitions) {
      const from = Math.max(count.next.get(partition) ?? 0, earliest)
      if (from >= end) continue
      for await (const { records } of log.read(letters, partition, from, { to: end })) {
        for (const { headers } of records) {
          const letter = readDeadLetter(headers)
          if (letter && letter.stage !== 'ingest') {
            count.pending.push({ partition: letter.partition ?? 0, offset: letter.offset ?? 0 })
          } else count.door++
        }
      }
      count.next.set(partition, end)
    }
  }

  return async (topic, settled) => {
    const take = async (): Promise<LetterCensus> => {
      const count = counts.get(topic) ?? { next: new Map(), door: 0, sink: 0, pending: [] }
      counts.set(topic, count)
      await read(topic, count)
      const pending = count.pending.filter(
        ({ partition, offset }) => offset >= (settled.get(partition) ?? 0),
      )
      count.sink += count.pending.length - pending.length
      count.pending = pending
      return { door: count.door, sink: count.sink, pending: pending.length }
    }
    const result = (tails.get(topic) ?? Promise.resolve()).then(take)
    tails.set(
      topic,
      result.catch(() => counts.delete(topic)),
    )
    return result
  }
}
