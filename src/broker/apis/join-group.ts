/** JoinGroup, key 11: takes part in the next rebalance of a group, and answers when it is over. */
import { defineApi } from '../protocol/api.ts'
import {
  array,
  bytes,
  int16,
  int32,
  nullableString,
  since,
  string,
  struct,
} from '../protocol/schema.ts'

/** From here on a client takes a member id first and joins with it (KIP-394). */
const MEMBER_IDS_FROM_VERSION = 4

export const joinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 6],
  flexibleFrom: 6,
  request: struct({
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: since(1, int32, -1),
    memberId: string,
    groupInstanceId: since(5, nullableString, null),
    protocolType: string,
    protocols: array(struct({ name: string, metadata: bytes })),
  }),
  response: struct({
    throttleTimeMs: since(2, int32, 0),
    errorCode: int16,
    generationId: int32,
    protocolName: string,
    leader: string,
    memberId: string,
    members: array(
      struct({
        memberId: string,
        groupInstanceId: since(5, nullableString, null),
        metadata: bytes,
      }),
    ),
  }),
  async handle(request, { groups, apiVersion, clientId, connection }) {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = request
    const answer = await groups.join({
      group: request.groupId,
      memberId: request.memberId,
      protocolType: request.protocolType,
      knowsMemberIds: apiVersion >= MEMBER_IDS_FROM_VERSION,
      facts: {
        instanceId: request.groupInstanceId,
        clientId,
        clientHost: connection.remoteHost,
        sessionTimeoutMs,
        rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
        // The group outlives the request: copies, or each would keep its whole frame.
        protocols: request.protocols.map(({ name, metadata }) => ({
          name,
          metadata: metadata.slice(),
        })),
      },
    })
    return {
      throttleTimeMs: 0,
      errorCode: answer.error,
      generationId: answer.generation,
      protocolName: answer.protocol,
      leader: answer.leader,
      memberId: answer.memberId,
      members: answer.members.map(({ memberId, instanceId, metadata }) => ({
        memberId,
        metadata,
        groupInstanceId: instanceId,
      })),
    }
  },
})
