/**
 * What consumers put into the opaque bytes of a group (Apache Kafka, ConsumerProtocolAssignment, versions 0 to 3). Only
 * read and written for showing who owns what; the group itself never looks inside.
 */
import type { TopicPartition } from '../../core/index.ts'
import { isMillraceError } from '../../core/index.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { array, int32, nullableBytes, string, struct } from './schema.ts'

const INFLEXIBLE = { version: 0, flexible: false }

const assignment = struct({
  topics: array(struct({ topic: string, partitions: array(int32) })),
  userData: nullableBytes,
})

/** Partitions of an assignment; none when the bytes are not a consumer's. */
export function readAssignment(bytes: Uint8Array): readonly TopicPartition[] {
  if (bytes.length === 0) return []
  try {
    const reader = new ByteReader(bytes)
    reader.int16()
    return assignment
      .read(reader, INFLEXIBLE)
      .topics.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      )
  } catch (error) {
    if (isMillraceError(error, 'BROKER_MALFORMED')) return []
    throw error
  }
}

export function writeAssignment(places: readonly TopicPartition[]): Uint8Array {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of places) {
    byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition])
  }
  const writer = new ByteWriter()
  writer.int16(0)
  const topics = [...byTopic].map(([topic, partitions]) => ({ topic, partitions }))
  assignment.write(writer, { topics, userData: null }, INFLEXIBLE)
  return Buffer.concat(writer.finish())
}
