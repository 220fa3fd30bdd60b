import { defineErrors } from '../core/index.ts'

export const logError = defineErrors({
  LOG_ACCESS_DENIED: {
    status: 502,
    retryable: false,
    title: 'The Kafka cluster refused the login or the rights',
  },
  LOG_CLOSED: { status: 503, retryable: true, title: 'The log is closed' },
  LOG_CORRUPT: { status: 500, retryable: false, title: 'Stored bytes do not match their checksum' },
  LOG_FENCED: { status: 409, retryable: false, title: 'The consumer no longer owns the partition' },
  LOG_FORMAT_NEWER: {
    status: 500,
    retryable: false,
    title: 'The data was written by a newer version',
  },
  LOG_GROUP_ACTIVE: { status: 409, retryable: true, title: 'The consumer group has members' },
  LOG_IN_USE: { status: 409, retryable: true, title: 'Another process owns the data folder' },
  LOG_INVALID_BATCH: {
    status: 422,
    retryable: false,
    title: 'A record batch of a Kafka client cannot be stored',
  },
  LOG_OFFSET_OUT_OF_RANGE: {
    status: 422,
    retryable: false,
    title: 'The offset is not in the partition',
  },
  LOG_OUT_OF_SEQUENCE: {
    status: 409,
    retryable: true,
    title: 'A batch of an idempotent producer is missing before this one',
  },
  LOG_PRODUCER_FENCED: {
    status: 409,
    retryable: false,
    title: 'A newer instance of the producer took over',
  },
  LOG_RECORD_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'A record is larger than the limit',
  },
  LOG_STORAGE_FAILED: { status: 503, retryable: true, title: 'The disk failed to store data' },
  LOG_STORAGE_FULL: { status: 503, retryable: true, title: 'The disk is full' },
  LOG_TOPIC_EXISTS: {
    status: 409,
    retryable: false,
    title: 'The topic exists with other settings',
  },
  LOG_TOPIC_REPLACED: {
    status: 409,
    retryable: false,
    title: 'The topic is another one of the same name',
  },
  LOG_TRUNCATED: {
    status: 409,
    retryable: false,
    title: 'The log has lost records that were read',
  },
  LOG_UNREACHABLE: { status: 503, retryable: true, title: 'The Kafka cluster does not answer' },
  LOG_UNKNOWN_GROUP: { status: 404, retryable: false, title: 'There is no such consumer group' },
  LOG_UNKNOWN_PARTITION: {
    status: 404,
    retryable: false,
    title: 'The topic has no such partition',
  },
  LOG_UNKNOWN_TOPIC: { status: 404, retryable: false, title: 'There is no such topic' },
})
