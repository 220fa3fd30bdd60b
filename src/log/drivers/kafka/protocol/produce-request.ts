/** Produce, versions 7 to 11 (https://kafka.apache.org/protocol#The_Messages_Produce): one batch of one partition. */
import { protocolErrorsCodesById, Writer } from '@platformatic/kafka'
import { BrokerError } from '../kafka-errors.ts'
import type { RawRequest } from '../kafka-wire.ts'
import { offsetOf } from './record-decoder.ts'

const ACKS_ALL = -1
const FIRST_FLEXIBLE = 9

export interface ProduceTarget {
  readonly topic: string
  readonly partition: number
  readonly batch: Buffer
  /** For the broker's wait for its replicas. */
  readonly timeoutMs: number
}

/** Answers with the offset of the batch's first record. Throws BrokerError. */
export function produceRequest({
  topic,
  partition,
  batch,
  timeoutMs,
}: ProduceTarget): RawRequest<number> {
  return {
    api: 'Produce',
    write(version) {
      const compact = version >= FIRST_FLEXIBLE
      const writer = Writer.create()
        .appendString(null, compact)
        .appendInt16(ACKS_ALL)
        .appendInt32(timeoutMs)
        .appendArray(
          [topic],
          (topics, name) =>
            topics.appendString(name, compact).appendArray(
              [partition],
              (partitions, index) => {
                partitions.appendInt32(index)
                if (compact) partitions.appendUnsignedVarInt(batch.length + 1)
                else partitions.appendInt32(batch.length)
                partitions.append(batch)
              },
              compact,
              compact,
            ),
          compact,
          compact,
        )
      return compact ? writer.appendTaggedFields() : writer
    },
    read(reader, version) {
      const compact = version >= FIRST_FLEXIBLE
      // One topic and one partition were asked for; what follows the partition's message is not needed.
      if (compact) reader.readUnsignedVarInt()
      else reader.readInt32()
      reader.readString(compact)
      if (compact) reader.readUnsignedVarInt()
      else reader.readInt32()
      reader.readInt32()
      const code = reader.readInt16()
      const baseOffset = reader.readInt64()
      if (code === 0) return offsetOf(baseOffset)
      throw new BrokerError(code, protocolErrorsCodesById[code] ?? String(code), describe(code))
    },
  }
}

export const describe = (code: number): string =>
  (protocolErrorsCodesById[code] ?? `error ${code}`).toLowerCase().replaceAll('_', ' ')
