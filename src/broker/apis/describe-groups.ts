/** DescribeGroups, key 15: state and members of groups; consumers of this process are members like any other. */
import type { GroupInfo } from '../../log/index.ts'
import { metadataOf } from '../groups/classic-group.ts'
import { defineApi } from '../protocol/api.ts'
import { writeAssignment } from '../protocol/consumer-protocol.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import {
  array,
  boolean,
  bytes,
  int16,
  int32,
  nullableString,
  since,
  string,
  struct,
  type Value,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'
import { NO_AUTHORIZATION } from './metadata.ts'

const describedGroup = struct({
  errorCode: int16,
  errorMessage: since(6, nullableString, null),
  groupId: string,
  groupState: string,
  protocolType: string,
  protocolData: string,
  members: array(
    struct({
      memberId: string,
      groupInstanceId: since(4, nullableString, null),
      clientId: string,
      clientHost: string,
      memberMetadata: bytes,
      memberAssignment: bytes,
    }),
  ),
  authorizedOperations: since(3, int32, NO_AUTHORIZATION),
})

export const describeGroups = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleFrom: 5,
  request: struct({
    groups: array(string),
    includeAuthorizedOperations: since(3, boolean, false),
  }),
  response: struct({ throttleTimeMs: since(1, int32, 0), groups: array(describedGroup) }),
  async handle({ groups }, context) {
    const known = new Map((await context.groups.all()).map((group) => [group.group, group]))
    return {
      throttleTimeMs: 0,
      groups: groups.map((name) => describe(name, known.get(name), context)),
    }
  },
})

function describe(
  groupId: string,
  info: GroupInfo | undefined,
  { groups, apiVersion }: RequestContext,
): Value<typeof describedGroup> {
  const common = { errorCode: kafkaError.NONE, errorMessage: null, groupId }
  const held = groups.find(groupId)
  if (held !== undefined) {
    return {
      ...common,
      groupState: held.state,
      protocolType: held.protocolType,
      protocolData: held.protocol,
      members: held.members.map((member) => ({
        memberId: member.id,
        groupInstanceId: member.facts.instanceId,
        clientId: member.facts.clientId,
        clientHost: `/${member.facts.clientHost}`,
        memberMetadata: metadataOf(member, held.protocol),
        memberAssignment: member.assignment,
      })),
      authorizedOperations: NO_AUTHORIZATION,
    }
  }
  const members = info?.members ?? []
  const isGone = info === undefined
  const state = isGone ? 'Dead' : members.length === 0 ? 'Empty' : 'Stable'
  const isTold = isGone && apiVersion >= 6
  return {
    ...common,
    errorCode: isTold ? kafkaError.GROUP_ID_NOT_FOUND : kafkaError.NONE,
    errorMessage: isTold ? `there is no group "${groupId}"` : null,
    groupState: state,
    protocolType: isGone ? '' : 'consumer',
    protocolData: members.length === 0 ? '' : 'range',
    members: members.map(({ memberId, assignment }) => ({
      memberId,
      groupInstanceId: null,
      clientId: 'millrace',
      clientHost: 'in the process of the log',
      memberMetadata: new Uint8Array(0),
      memberAssignment: writeAssignment(assignment),
    })),
    authorizedOperations: NO_AUTHORIZATION,
  }
}
