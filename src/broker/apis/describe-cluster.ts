/** DescribeCluster, key 60: one broker, which is also the controller. */
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import { array, boolean, int16, int32, nullableString, string, struct } from '../protocol/schema.ts'
import { BROKER_ID } from '../topics/broker-identity.ts'
import { NO_AUTHORIZATION } from './metadata.ts'

export const describeCluster = defineApi({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 0],
  flexibleFrom: 0,
  request: struct({ includeClusterAuthorizedOperations: boolean }),
  response: struct({
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
    clusterId: string,
    controllerId: int32,
    brokers: array(struct({ brokerId: int32, host: string, port: int32, rack: nullableString })),
    clusterAuthorizedOperations: int32,
  }),
  handle: async (_request, { identity, connection }) => ({
    throttleTimeMs: 0,
    errorCode: kafkaError.NONE,
    errorMessage: null,
    clusterId: identity.clusterId,
    controllerId: BROKER_ID,
    brokers: [{ brokerId: BROKER_ID, ...connection.advertised, rack: null }],
    clusterAuthorizedOperations: NO_AUTHORIZATION,
  }),
})
