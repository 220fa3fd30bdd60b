/** LeaveGroup, key 13: a member goes, or an admin sends several away; their partitions go to the others. */
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import {
  array,
  between,
  int16,
  int32,
  nullableString,
  since,
  string,
  struct,
} from '../protocol/schema.ts'

export const leaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 4],
  flexibleFrom: 4,
  request: struct({
    groupId: string,
    memberId: between(0, 2, string, ''),
    members: since(3, array(struct({ memberId: string, groupInstanceId: nullableString })), []),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    members: since(
      3,
      array(struct({ memberId: string, groupInstanceId: nullableString, errorCode: int16 })),
      [],
    ),
  }),
  async handle({ groupId, memberId, members }, { groups, apiVersion }) {
    if (apiVersion < 3) {
      return { throttleTimeMs: 0, errorCode: groups.leave(groupId, memberId, null), members: [] }
    }
    const left = members.map((member) => ({
      ...member,
      errorCode: groups.leave(groupId, member.memberId, member.groupInstanceId),
    }))
    return { throttleTimeMs: 0, errorCode: kafkaError.NONE, members: left }
  },
})
