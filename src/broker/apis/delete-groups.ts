/** DeleteGroups, key 42: forgets the committed offsets of groups that have no members. */
import { isMillraceError } from '../../core/index.ts'
import { defineApi } from '../protocol/api.ts'
import { kafkaError, refusalOf } from '../protocol/kafka-errors.ts'
import { array, int16, int32, string, struct } from '../protocol/schema.ts'

export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request: struct({ groupNames: array(string) }),
  response: struct({
    throttleTimeMs: int32,
    results: array(struct({ groupId: string, errorCode: int16 })),
  }),
  async handle({ groupNames }, { log }) {
    const results: { groupId: string; errorCode: number }[] = []
    for (const groupId of groupNames) {
      try {
        await log.deleteGroup(groupId)
        results.push({ groupId, errorCode: kafkaError.NONE })
      } catch (error) {
        const isBadName = isMillraceError(error, 'CORE_INVALID_NAME')
        const errorCode = isBadName ? kafkaError.INVALID_GROUP_ID : refusalOf(error).code
        results.push({ groupId, errorCode })
      }
    }
    return { throttleTimeMs: 0, results }
  },
})
