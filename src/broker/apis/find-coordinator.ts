/** FindCoordinator, key 10: this broker coordinates every group. There is no coordinator of transactions. */
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import {
  array,
  between,
  int16,
  int32,
  int8,
  nullableString,
  since,
  string,
  struct,
} from '../protocol/schema.ts'
import { BROKER_ID } from '../topics/broker-identity.ts'

const GROUP = 0

export const findCoordinator = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 4],
  flexibleFrom: 3,
  request: struct({
    key: between(0, 3, string, ''),
    keyType: since(1, int8, GROUP),
    coordinatorKeys: since(4, array(string), []),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: between(0, 3, int16, 0),
    errorMessage: between(1, 3, nullableString, null),
    nodeId: between(0, 3, int32, BROKER_ID),
    host: between(0, 3, string, ''),
    port: between(0, 3, int32, 0),
    coordinators: since(
      4,
      array(
        struct({
          key: string,
          nodeId: int32,
          host: string,
          port: int32,
          errorCode: int16,
          errorMessage: nullableString,
        }),
      ),
      [],
    ),
  }),
  async handle({ keyType, coordinatorKeys }, { connection }) {
    const place =
      keyType === GROUP
        ? {
            errorCode: kafkaError.NONE,
            errorMessage: null,
            nodeId: BROKER_ID,
            ...connection.advertised,
          }
        : {
            errorCode: kafkaError.INVALID_REQUEST,
            errorMessage: 'transactions are not supported: produce without a transactional.id',
            nodeId: -1,
            host: '',
            port: -1,
          }
    const coordinators = coordinatorKeys.map((key) => ({ key, ...place }))
    return { throttleTimeMs: 0, ...place, coordinators }
  },
})
