/** Heartbeat, key 12: a member is alive, and learns whether it has to join again. */
import { defineApi } from '../protocol/api.ts'
import { int16, int32, nullableString, since, string, struct } from '../protocol/schema.ts'

export const heartbeat = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleFrom: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
  }),
  response: struct({ throttleTimeMs: since(1, int32, 0), errorCode: int16 }),
  async handle({ groupId, generationId, memberId, groupInstanceId }, { groups }) {
    const claim = { memberId, instanceId: groupInstanceId, generation: generationId }
    return { throttleTimeMs: 0, errorCode: groups.heartbeat(groupId, claim) }
  },
})
