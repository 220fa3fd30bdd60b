/** The driver's entry in the catalog. */
import type { LogDriver } from '../../catalog.ts'
import { kafkaOptions } from './kafka-options.ts'
import { openKafkaLog } from './kafka-log.ts'

export const kafkaDriver: LogDriver = {
  name: 'kafka',
  summary: 'An Apache Kafka cluster, or anything that speaks its protocol',
  open: ({ url, properties, env, ...options }) =>
    openKafkaLog({ ...options, kafka: kafkaOptions({ url, properties, env }) }),
}
