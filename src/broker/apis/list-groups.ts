/** ListGroups, key 16: every group that has members or committed offsets. All are of the classic type. */
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import { array, int16, int32, since, string, struct } from '../protocol/schema.ts'

const TYPE = 'classic'

export const listGroups = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleFrom: 3,
  request: struct({
    statesFilter: since(4, array(string), []),
    typesFilter: since(5, array(string), []),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    groups: array(
      struct({
        groupId: string,
        protocolType: string,
        groupState: since(4, string, ''),
        groupType: since(5, string, TYPE),
      }),
    ),
  }),
  async handle({ statesFilter, typesFilter }, { groups }) {
    const all = (await groups.all()).map(({ group, members }) => {
      const held = groups.find(group)
      const groupState = held?.state ?? (members.length === 0 ? 'Empty' : 'Stable')
      const protocolType = held?.protocolType ?? 'consumer'
      return { groupId: group, protocolType, groupState, groupType: TYPE }
    })
    return {
      throttleTimeMs: 0,
      errorCode: kafkaError.NONE,
      groups: all.filter(
        ({ groupState }) => isWanted(statesFilter, groupState) && isWanted(typesFilter, TYPE),
      ),
    }
  },
})

/** An empty filter lets everything pass; clients differ in upper and lower case. */
const isWanted = (filter: readonly string[], value: string): boolean =>
  filter.length === 0 || filter.some((one) => one.toLowerCase() === value.toLowerCase())
