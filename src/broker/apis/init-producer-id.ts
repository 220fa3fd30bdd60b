/** InitProducerId, key 22: a fresh id for an idempotent producer. A transactional one is refused. */
import { defineApi } from '../protocol/api.ts'
import { kafkaError, refusalOf } from '../protocol/kafka-errors.ts'
import { int16, int32, int64, nullableString, since, struct } from '../protocol/schema.ts'

export const initProducerId = defineApi({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 4],
  flexibleFrom: 2,
  request: struct({
    transactionalId: nullableString,
    transactionTimeoutMs: int32,
    producerId: since(3, int64, -1),
    producerEpoch: since(3, int16, -1),
  }),
  response: struct({
    throttleTimeMs: int32,
    errorCode: int16,
    producerId: int64,
    producerEpoch: int16,
  }),
  async handle({ transactionalId }, { identity }) {
    const refuse = (errorCode: number) => ({
      throttleTimeMs: 0,
      errorCode,
      producerId: -1,
      producerEpoch: -1,
    })
    if (transactionalId !== null) return refuse(kafkaError.INVALID_REQUEST)
    try {
      const producerId = await identity.nextProducerId()
      return { ...refuse(kafkaError.NONE), producerId, producerEpoch: 0 }
    } catch (error) {
      return refuse(refusalOf(error).code)
    }
  },
})
