/** The driver's entry in the catalog. */
import type { LogDriver } from '../../catalog.ts'
import { kafkaOptions } from './kafka-options.ts'
import { openKafkaLog } from './kafka-log.ts'
import { withOwnNames } from './own-names.ts'

export const kafkaDriver: LogDriver = {
  name: 'kafka',
  summary: 'An Apache Kafka cluster, or anything that speaks its protocol',
  async open({ url, properties, env, applicationId, ...options }) {
    const kafka = kafkaOptions({ url, properties, env, applicationId })
    return withOwnNames(await openKafkaLog({ ...options, kafka }), kafka.applicationId)
  },
}
