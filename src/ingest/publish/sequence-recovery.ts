/** What of a sequence is in the log: its last progress record, and the records behind the offsets that this one names. */
import { deadLetterTopic } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import { PositionSet } from './position-set.ts'
import {
  positionOf,
  readProgress,
  SEQUENCE_TOPIC,
  type SequenceProgress,
} from './sequence-record.ts'
import type { TopicDirectory } from './topic-directory.ts'

export interface LogAccess {
  readonly log: Log
  readonly directory: TopicDirectory
}

/** End offsets of a topic and of its dead letters, as of now. */
export async function endsOf(
  { log, directory }: LogAccess,
  topic: string,
): Promise<Record<string, number[]>> {
  const ends: Record<string, number[]> = {}
  for (const name of [topic, deadLetterTopic(topic)]) {
    if (!(await directory.exists(name))) continue
    const info = await log.topic(name)
    ends[name] = info.partitions
      .toSorted((a, b) => a.partition - b.partition)
      .map((partition) => partition.end)
  }
  return ends
}

/** The newest progress record of every sequence, by key. */
export async function readAllProgress({
  log,
  directory,
}: LogAccess): Promise<Map<string, SequenceProgress>> {
  await directory.ensureOwn(SEQUENCE_TOPIC, true)
  const all = new Map<string, SequenceProgress>()
  const info = await log.topic(SEQUENCE_TOPIC)
  for (const { partition, earliest } of info.partitions) {
    for await (const batch of log.read(SEQUENCE_TOPIC, partition, earliest)) {
      for (const { key, value } of batch.records) {
        if (!key) continue
        const name = Buffer.from(key).toString()
        if (value) all.set(name, readProgress(value))
        else all.delete(name)
      }
    }
  }
  return all
}

/** The positions of a progress record and of the records behind it; undefined when the topic began anew. */
export async function recoverPositions(
  deps: LogAccess,
  progress: SequenceProgress,
): Promise<PositionSet | undefined> {
  const { log, directory } = deps
  const stored = new PositionSet(progress.stored)
  const sequence = Buffer.from(progress.sequence)
  for (const name of [progress.topic, deadLetterTopic(progress.topic)]) {
    const isTopic = name === progress.topic
    if (!(await directory.exists(name))) {
      if (isTopic) return undefined
      continue
    }
    const info = await log.topic(name)
    for (const { partition, earliest, end } of info.partitions) {
      const from = progress.ends[name]?.[partition] ?? 0
      if (from > end && isTopic) return undefined
      const start = from > end ? earliest : Math.max(from, earliest)
      for await (const batch of log.read(name, partition, start)) {
        for (const record of batch.records) {
          const position = positionOf(record.headers, sequence)
          if (position !== undefined) stored.add(position)
        }
      }
    }
  }
  return stored
}
