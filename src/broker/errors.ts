import { defineErrors } from '../core/index.ts'

export const brokerError = defineErrors({
  BROKER_MALFORMED: {
    status: 400,
    retryable: false,
    title: 'Bytes on the broker port are not a Kafka request',
  },
  BROKER_NO_STORED_BATCHES: {
    status: 422,
    retryable: false,
    title: 'The log’s driver has no stored batches to serve',
  },
  BROKER_NOT_LOOPBACK: {
    status: 422,
    retryable: false,
    title: 'The broker may not listen for other machines',
  },
  BROKER_PORT_IN_USE: { status: 409, retryable: true, title: 'The broker’s port is taken' },
  BROKER_UNSUPPORTED: {
    status: 400,
    retryable: false,
    title: 'A Kafka client asked for an API or version that is not served',
  },
})
