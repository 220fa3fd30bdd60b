/**
 * Produce, key 0: one record batch for each partition, stored as it came. acks 1 is answered like acks all: when the batch
 * is durable. With acks 0 there is no answer, and what fails is only logged (as clients ask for it).
 *
 * Versions 0 to 2 are told because librdkafka infers its features from them, but the message formats that they carry are
 * answered with UNSUPPORTED_FOR_MESSAGE_FORMAT.
 */
import { isMillraceError } from '../../core/index.ts'
import { defineApi } from '../protocol/api.ts'
import { kafkaError, refusalOf } from '../protocol/kafka-errors.ts'
import {
  array,
  int16,
  int32,
  int64,
  nullableBytes,
  nullableString,
  since,
  string,
  struct,
  type Value,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'
import { isOwnTopic } from '../topics/own-topics.ts'

const ACKS = new Set([-1, 0, 1])

const partitionResponse = struct({
  index: int32,
  errorCode: int16,
  baseOffset: int64,
  logAppendTimeMs: since(2, int64, -1),
  logStartOffset: since(5, int64, -1),
  recordErrors: since(8, array(struct({ batchIndex: int32, message: nullableString })), []),
  errorMessage: since(8, nullableString, null),
})

export const produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: [0, 9],
  flexibleFrom: 9,
  request: struct({
    transactionalId: since(3, nullableString, null),
    acks: int16,
    timeoutMs: int32,
    topics: array(
      struct({
        name: string,
        partitions: array(struct({ index: int32, records: nullableBytes })),
      }),
    ),
  }),
  response: struct({
    topics: array(struct({ name: string, partitions: array(partitionResponse) })),
    throttleTimeMs: since(1, int32, 0),
  }),
  async handle({ transactionalId, acks, topics }, context) {
    const refused =
      transactionalId !== null
        ? refuse(kafkaError.INVALID_REQUEST, 'transactions are not supported')
        : !ACKS.has(acks)
          ? refuse(kafkaError.INVALID_REQUIRED_ACKS, `acks ${acks}: use 0, 1 or -1 for all`)
          : undefined
    // Every batch is handed to the log before anything is waited for: that is what keeps their order.
    const answers = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(async ({ index, records }) =>
        refused === undefined ? store(name, index, records, context) : { ...refused, index },
      ),
    }))
    const done = await Promise.all(
      answers.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(partitions),
      })),
    )
    return acks === 0 ? undefined : { topics: done, throttleTimeMs: 0 }
  },
})

type PartitionAnswer = Value<typeof partitionResponse>

const refuse = (errorCode: number, errorMessage: string): Omit<PartitionAnswer, 'index'> => ({
  errorCode,
  errorMessage,
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: [],
})

async function store(
  topic: string,
  index: number,
  records: Uint8Array | null,
  { wire, limits, contracts, logger, metrics }: RequestContext,
): Promise<PartitionAnswer> {
  const reason = isOwnTopic(topic)
    ? `topic "${topic}" belongs to the log: clients may only read it`
    : contracts.refuseProduce?.(topic)
  if (reason !== undefined) {
    return { index, ...refuse(kafkaError.INVALID_TOPIC_EXCEPTION, reason) }
  }
  try {
    const bytes = records ?? new Uint8Array(0)
    const stored = await wire.appendBatch(topic, index, bytes, limits.batchBytes)
    const { baseOffset, earliest, isDuplicate } = stored
    metrics.record('events_received_total', { topic, source: 'kafka' }, stored.records)
    if (!isDuplicate) {
      metrics.record('events_accepted_total', { topic, source: 'kafka' }, stored.records)
    }
    const answer = { ...refuse(kafkaError.NONE, ''), errorMessage: null, baseOffset }
    return { index, ...answer, logStartOffset: earliest }
  } catch (error) {
    const { code, message } = refusalOf(error)
    logger.warn({ topic, partition: index, err: error }, 'a batch of a client was not stored')
    if (isMillraceError(error, 'LOG_INVALID_BATCH')) {
      metrics.record('events_rejected_total', { topic, reason: String(error.details['fault']) }, 1)
    }
    return { index, ...refuse(code, message) }
  }
}
