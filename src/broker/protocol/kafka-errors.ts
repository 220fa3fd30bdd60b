/** Kafka's error codes (protocol guide, "Error Codes"), those that we answer, and which of our own errors each stands for. */
import { isMillraceError } from '../../core/index.ts'

export const kafkaError = {
  NONE: 0,
  UNKNOWN_SERVER_ERROR: -1,
  OFFSET_OUT_OF_RANGE: 1,
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  OFFSET_METADATA_TOO_LARGE: 12,
  INVALID_TOPIC_EXCEPTION: 17,
  INVALID_REQUIRED_ACKS: 21,
  ILLEGAL_GENERATION: 22,
  INCONSISTENT_GROUP_PROTOCOL: 23,
  INVALID_GROUP_ID: 24,
  UNKNOWN_MEMBER_ID: 25,
  INVALID_SESSION_TIMEOUT: 26,
  REBALANCE_IN_PROGRESS: 27,
  INVALID_TIMESTAMP: 32,
  UNSUPPORTED_VERSION: 35,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  INVALID_REPLICATION_FACTOR: 38,
  INVALID_REPLICA_ASSIGNMENT: 39,
  INVALID_CONFIG: 40,
  INVALID_REQUEST: 42,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
  POLICY_VIOLATION: 44,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  INVALID_PRODUCER_EPOCH: 47,
  KAFKA_STORAGE_ERROR: 56,
  NON_EMPTY_GROUP: 68,
  GROUP_ID_NOT_FOUND: 69,
  FETCH_SESSION_ID_NOT_FOUND: 70,
  UNSUPPORTED_COMPRESSION_TYPE: 76,
  MEMBER_ID_REQUIRED: 79,
  GROUP_MAX_SIZE_REACHED: 81,
  FENCED_INSTANCE_ID: 82,
  INVALID_RECORD: 87,
  UNKNOWN_TOPIC_ID: 100,
} as const

/** LOG_INVALID_BATCH by its fault. */
const BY_FAULT: Readonly<Record<string, number>> = {
  checksum: kafkaError.CORRUPT_MESSAGE,
  compression: kafkaError.UNSUPPORTED_COMPRESSION_TYPE,
  keyless: kafkaError.INVALID_RECORD,
  malformed: kafkaError.INVALID_RECORD,
  'old-format': kafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
  timestamp: kafkaError.INVALID_TIMESTAMP,
  'too-large': kafkaError.MESSAGE_TOO_LARGE,
  transactional: kafkaError.INVALID_REQUEST,
}

const BY_CODE: Readonly<Record<string, number>> = {
  CORE_INVALID_INPUT: kafkaError.INVALID_REQUEST,
  CORE_INVALID_NAME: kafkaError.INVALID_TOPIC_EXCEPTION,
  // Retriable for clients: another broker, or this one after its start, can answer.
  LOG_CLOSED: kafkaError.KAFKA_STORAGE_ERROR,
  LOG_CORRUPT: kafkaError.CORRUPT_MESSAGE,
  LOG_GROUP_ACTIVE: kafkaError.NON_EMPTY_GROUP,
  LOG_OFFSET_OUT_OF_RANGE: kafkaError.OFFSET_OUT_OF_RANGE,
  LOG_OUT_OF_SEQUENCE: kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
  LOG_PRODUCER_FENCED: kafkaError.INVALID_PRODUCER_EPOCH,
  LOG_STORAGE_FAILED: kafkaError.KAFKA_STORAGE_ERROR,
  LOG_STORAGE_FULL: kafkaError.KAFKA_STORAGE_ERROR,
  LOG_TOPIC_EXISTS: kafkaError.TOPIC_ALREADY_EXISTS,
  LOG_UNKNOWN_GROUP: kafkaError.GROUP_ID_NOT_FOUND,
  LOG_UNKNOWN_PARTITION: kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
  LOG_UNKNOWN_TOPIC: kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
}

/** What a client is told about a failure. */
export interface Refusal {
  readonly code: number
  readonly message: string
}

/** The protocol's code for an error of ours. Anything that is none of ours is thrown again: it is a mistake of ours. */
export function refusalOf(error: unknown): Refusal {
  if (!isMillraceError(error)) throw error
  const fault = error.details['fault']
  const code =
    error.code === 'LOG_INVALID_BATCH' && typeof fault === 'string'
      ? BY_FAULT[fault]
      : BY_CODE[error.code]
  return { code: code ?? kafkaError.UNKNOWN_SERVER_ERROR, message: error.message }
}
