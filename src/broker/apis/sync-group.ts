/** SyncGroup, key 14: the leader brings the assignment, every member gets its part. */
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

export const syncGroup = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 4],
  flexibleFrom: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
    assignments: array(struct({ memberId: string, assignment: bytes })),
  }),
  response: struct({ throttleTimeMs: since(1, int32, 0), errorCode: int16, assignment: bytes }),
  async handle({ groupId, generationId, memberId, groupInstanceId, assignments }, { groups }) {
    const claim = { memberId, instanceId: groupInstanceId, generation: generationId }
    const shares = new Map(assignments.map((one) => [one.memberId, one.assignment.slice()]))
    const { error, assignment } = await groups.sync(groupId, claim, shares)
    return { throttleTimeMs: 0, errorCode: error, assignment }
  },
})
