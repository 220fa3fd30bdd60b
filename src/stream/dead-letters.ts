/**
 * Records that cannot become rows go to `<topic>.dead-letters`, each once: a letter carries partition and offset of its
 * record, and before letters of a batch are written again after a crash, those that are there already are looked up.
 */
import {
  deadLetterHeaders,
  deadLetterTopic,
  readDeadLetter,
  type DeadLetter,
  type NewRecord,
} from '../core/index.ts'
import type { RejectedRecord } from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import type { streamError } from './errors.ts'

export interface DeadLetters {
  /** Where the next letter will lie; 0 while there is no dead-letter topic. */
  end(): Promise<number>
  /** Takes over the letters from offset `since` on: they may be of batches whose boundaries were lost. */
  inherit(since: number): Promise<void>
  /** Writes the letters that are not there yet, looking from offset `since` on. Durable when it resolves. */
  write(rejected: readonly RejectedRecord[], since: number, atMs: number): Promise<void>
}

const PARTITION = 0
/** Reason code of a record that has no row. */
export const INVALID_RECORD: keyof typeof streamError.table = 'STREAM_INVALID_RECORD'

/** `stage`: who writes them, a table's sink or a derived stream; each looks only for its own. */
export function createDeadLetters(
  log: Log,
  topic: string,
  stage: DeadLetter['stage'] = 'sink',
): DeadLetters {
  const letters = deadLetterTopic(topic)
  let created = false
  let inherited: ReadonlySet<string> = new Set()

  const partition = async (): Promise<{ earliest: number; end: number } | undefined> => {
    if (!created) {
      const topics = await log.topics()
      if (!topics.some(({ name }) => name === letters)) return undefined
      created = true
    }
    return (await log.topic(letters)).partitions[PARTITION]
  }

  const written = async (since: number): Promise<Set<string>> => {
    const found = new Set<string>()
    const info = await partition()
    if (!info) return found
    const from = Math.max(since, info.earliest)
    if (from >= info.end) return found
    for await (const { records } of log.read(letters, PARTITION, from, { to: info.end })) {
      for (const { headers } of records) {
        const letter = readDeadLetter(headers)
        if (letter?.stage === stage) found.add(`${letter.partition}/${letter.offset}`)
      }
    }
    return found
  }

  return {
    end: async () => (await partition())?.end ?? 0,
    async inherit(since) {
      inherited = await written(since)
    },
    async write(rejected, since, atMs) {
      if (rejected.length === 0) return
      const known = await written(since)
      const missing = rejected.filter(({ record: { partition, offset } }) => {
        const place = `${partition}/${offset}`
        return !known.has(place) && !inherited.has(place)
      })
      if (missing.length === 0) return
      if (!created) {
        await log.createTopic({ name: letters })
        created = true
      }
      await log.append(
        letters,
        missing.map((letter) => letterOf(letter, topic, stage, atMs)),
      )
    },
  }
}

function letterOf(
  rejected: RejectedRecord,
  topic: string,
  stage: DeadLetter['stage'],
  atMs: number,
): NewRecord {
  const { record, issues } = rejected
  const facts = deadLetterHeaders({
    stage,
    code: INVALID_RECORD,
    reason: issues.map(({ path, message }) => `${path || 'the record'}: ${message}`).join('; '),
    source: topic,
    partition: record.partition,
    offset: record.offset,
    at: new Date(atMs).toISOString(),
  })
  return {
    key: record.key,
    value: record.value,
    headers: [...facts, ...record.headers],
    timestamp: record.timestamp,
    partition: PARTITION,
  }
}
