/**
 * Fetch, key 1: stored batches as they are. Waits until there are `minBytes` or `maxWaitMs` are over. Fetch sessions
 * (KIP-227) are not kept: every answer has session id 0, which tells a client to name its partitions each time.
 */
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import {
  array,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  nullableBytes,
  since,
  string,
  struct,
} from '../protocol/schema.ts'
import { fetchBatches } from './fetch-batches.ts'

export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [4, 12],
  flexibleFrom: 12,
  request: struct({
    replicaId: int32,
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32,
    isolationLevel: int8,
    sessionId: since(7, int32, 0),
    sessionEpoch: since(7, int32, -1),
    topics: array(
      struct({
        topic: string,
        partitions: array(
          struct({
            partition: int32,
            currentLeaderEpoch: since(9, int32, -1),
            fetchOffset: int64,
            lastFetchedEpoch: since(12, int32, -1),
            logStartOffset: since(5, int64, -1),
            partitionMaxBytes: int32,
          }),
        ),
      }),
    ),
    forgottenTopics: since(7, array(struct({ topic: string, partitions: array(int32) })), []),
    rackId: since(11, string, ''),
  }),
  response: struct({
    throttleTimeMs: int32,
    errorCode: since(7, int16, 0),
    sessionId: since(7, int32, 0),
    responses: array(
      struct({
        topic: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            errorCode: int16,
            highWatermark: int64,
            lastStableOffset: int64,
            logStartOffset: since(5, int64, -1),
            abortedTransactions: nullableArray(struct({ producerId: int64, firstOffset: int64 })),
            preferredReadReplica: since(11, int32, -1),
            records: nullableBytes,
          }),
        ),
      }),
    ),
  }),
  async handle(request, context) {
    const answer = { throttleTimeMs: 0, errorCode: kafkaError.NONE, sessionId: 0, responses: [] }
    if (request.sessionId !== 0) {
      return { ...answer, errorCode: kafkaError.FETCH_SESSION_ID_NOT_FOUND }
    }
    const responses = await fetchBatches(request, context)
    return {
      ...answer,
      responses: responses.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((one) => ({
          partitionIndex: one.partition,
          errorCode: one.errorCode,
          highWatermark: one.end,
          // Without transactions everything that is stored is stable.
          lastStableOffset: one.end,
          logStartOffset: one.earliest,
          abortedTransactions: null,
          preferredReadReplica: -1,
          records: one.records,
        })),
      })),
    }
  },
})
