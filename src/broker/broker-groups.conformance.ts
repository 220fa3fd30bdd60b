/** The part of the broker's suite that is about consumer groups: B5, B6 and B7. */
import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../core/index.ts'
import { deleteGroups } from './apis/delete-groups.ts'
import { describeGroups } from './apis/describe-groups.ts'
import { joinGroup } from './apis/join-group.ts'
import { leaveGroup } from './apis/leave-group.ts'
import { listGroups } from './apis/list-groups.ts'
import { inBrokerWorld, type MakeBrokerWorld } from './broker.conformance.ts'
import { writeAssignment } from './protocol/consumer-protocol.ts'
import { kafkaError } from './protocol/kafka-errors.ts'
import { batchOf } from './record-batch.testing.ts'
import { beat, commit, committed, join, joinRequest, produceOne, sync } from './requests.testing.ts'
import type { WireClient } from './wire-client.testing.ts'

type Check = ReturnType<typeof inBrokerWorld>

export function brokerGroupConformance(make: MakeBrokerWorld): ConformanceCheck[] {
  const check = inBrokerWorld(make)
  return [...memberChecks(check), ...commitChecks(check), ...adminChecks(check)]
}

const describeOne = async (client: WireClient): Promise<[state: string, members: number]> => {
  const wanted = { groups: ['g'], includeAuthorizedOperations: false }
  const { groupState, members } = (await client.call(describeGroups, 5, wanted)).groups[0]!
  return [groupState, members.length]
}

const memberChecks = (check: Check): ConformanceCheck[] => [
  check('B5', 'two members share what the leader assigns', async (world, client) => {
    const one = await join(client)
    assert.deepEqual([one.generationId, one.leader, one.members.length], [1, one.memberId, 1])
    assert.deepEqual(await sync(client, one.memberId, 1, { [one.memberId]: 'all' }), {
      errorCode: 0,
      assignment: 'all',
    })
    const second = await world.connect()
    const joining = join(second)
    // The first member learns of it from its heartbeat.
    while ((await beat(client, one.memberId, 1)) !== kafkaError.REBALANCE_IN_PROGRESS);
    const again = await client.call(joinGroup, 5, joinRequest(one.memberId))
    const two = await joining
    assert.deepEqual([again.generationId, two.generationId], [2, 2])
    assert.deepEqual([again.members.length, two.members.length], [2, 0])
    const waiting = sync(second, two.memberId, 2)
    const shares = { [one.memberId]: 'left', [two.memberId]: 'right' }
    assert.equal((await sync(client, one.memberId, 2, shares)).assignment, 'left')
    assert.equal((await waiting).assignment, 'right')
    assert.deepEqual(await describeOne(client), ['Stable', 2])

    const members = [{ memberId: one.memberId, groupInstanceId: null }]
    await client.call(leaveGroup, 4, { groupId: 'g', memberId: '', members })
    assert.equal(await beat(second, two.memberId, 2), kafkaError.REBALANCE_IN_PROGRESS)
    const alone = await second.call(joinGroup, 5, joinRequest(two.memberId))
    assert.deepEqual([alone.generationId, alone.leader], [3, two.memberId])
  }),
  check('B5', 'members without a common protocol do not mix', async (world, client) => {
    await join(client, { protocol: 'range' })
    const other = await join(await world.connect(), { protocol: 'sticky' })
    assert.equal(other.errorCode, kafkaError.INCONSISTENT_GROUP_PROTOCOL)
  }),
  check('B5', 'a session timeout outside the bounds is refused', async (_world, client) => {
    const { errorCode } = await join(client, { sessionTimeoutMs: 5 })
    assert.equal(errorCode, kafkaError.INVALID_SESSION_TIMEOUT)
  }),
  check('B5', 'the newest process with an instance id is the instance', async (world, client) => {
    const old = await join(client, { instanceId: 'i' })
    const waiting = sync(client, old.memberId, 1, { [old.memberId]: 'all' })
    await waiting
    const young = await join(await world.connect(), { instanceId: 'i' })
    assert.notEqual(young.memberId, old.memberId)
    assert.deepEqual([young.generationId, young.leader], [2, young.memberId])
    assert.equal(await beat(client, old.memberId, 1), kafkaError.UNKNOWN_MEMBER_ID)
  }),
  check(
    'B9',
    'members and what they keep here have limits',
    async (world, client) => {
      await join(client)
      const full = await join(await world.connect(), {
        group: 'other',
        metadata: Buffer.alloc(500),
      })
      assert.equal(full.errorCode, kafkaError.GROUP_MAX_SIZE_REACHED)
      // The second one waits for the first to join again, until everything ends.
      join(await world.connect()).catch(() => {})
      const third = await join(await world.connect())
      assert.equal(third.errorCode, kafkaError.GROUP_MAX_SIZE_REACHED)
    },
    { limits: { groupMembers: 2, groupBytes: 400 } },
  ),
]

const commitChecks = (check: Check): ConformanceCheck[] => [
  check(
    'B5',
    'a group resumes at its committed offset, also over a kill',
    async (world, client) => {
      await produceOne(client, batchOf(['a', 'b', 'c']))
      const { memberId, generationId } = await join(client)
      await sync(client, memberId, generationId)
      assert.equal(await committed(client), -1)
      assert.equal(await commit(client, 2, { memberId, generationId }), 0)
      await world.reopen('killed')
      const again = await world.connect()
      assert.equal(await committed(again), 2)
      assert.equal(await beat(again, memberId, generationId), kafkaError.UNKNOWN_MEMBER_ID)
    },
  ),
  check('B6', 'a member that lost its generation cannot commit', async (world, client) => {
    const one = await join(client)
    await sync(client, one.memberId, 1)
    assert.equal(await commit(client, 1, { memberId: one.memberId, generationId: 1 }), 0)
    const second = await world.connect()
    const joining = join(second)
    while ((await beat(client, one.memberId, 1)) !== kafkaError.REBALANCE_IN_PROGRESS);
    await client.call(joinGroup, 5, joinRequest(one.memberId))
    const two = await joining
    const late = { memberId: one.memberId, generationId: 1 }
    assert.equal(await commit(client, 2, late), kafkaError.ILLEGAL_GENERATION)
    const early = { memberId: two.memberId, generationId: 2 }
    assert.equal(await commit(second, 2, early), kafkaError.REBALANCE_IN_PROGRESS)
    assert.equal(await commit(second, 2), kafkaError.UNKNOWN_MEMBER_ID)
    assert.equal(await committed(client), 1)
  }),
  check('B7', 'offsets are those of consumers in the process', async (world, client) => {
    await produceOne(client, batchOf(['a', 'b', 'c']))
    assert.equal(await commit(client, 1), 0)
    const consumer = await world.log.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    const records = await consumer.poll()
    assert.deepEqual(
      records.map(({ offset }) => offset),
      [1, 2],
    )
    await consumer.commitOffsets([{ topic: 't', partition: 0, offset: 3 }])
    assert.equal(await committed(client), 3)
    assert.equal(await commit(client, 1), kafkaError.UNKNOWN_MEMBER_ID)
    assert.equal((await join(client)).errorCode, kafkaError.INCONSISTENT_GROUP_PROTOCOL)
    assert.deepEqual(await describeOne(client), ['Stable', 1])
    await consumer.close()
    assert.equal((await join(client)).errorCode, 0)
  }),
]

const adminChecks = (check: Check): ConformanceCheck[] => [
  check(
    'B7',
    'groups are listed, shown with their partitions, and deleted',
    async (world, client) => {
      const { memberId } = await join(client)
      const share = writeAssignment([{ topic: 't', partition: 0 }])
      await sync(client, memberId, 1, { [memberId]: Buffer.from(share).toString('latin1') })
      const [shown] = await world.log.groups()
      assert.deepEqual(shown?.members, [{ memberId, assignment: [{ topic: 't', partition: 0 }] }])
      const list = async (statesFilter: readonly string[]): Promise<string[]> => {
        const { groups } = await client.call(listGroups, 4, { statesFilter, typesFilter: [] })
        return groups.map(({ groupId, groupState }) => `${groupId} ${groupState}`)
      }
      assert.deepEqual(await list([]), ['g Stable'])
      assert.deepEqual(await list(['Empty']), [])
      const remove = async (): Promise<number> =>
        (await client.call(deleteGroups, 2, { groupNames: ['g'] })).results[0]!.errorCode
      assert.equal(await remove(), kafkaError.NON_EMPTY_GROUP)
      await commit(client, 0, { memberId, generationId: 1 })
      const members = [{ memberId, groupInstanceId: null }]
      await client.call(leaveGroup, 4, { groupId: 'g', memberId: '', members })
      assert.deepEqual(await list([]), ['g Empty'])
      assert.equal(await remove(), 0)
      assert.equal(await remove(), kafkaError.GROUP_ID_NOT_FOUND)
      assert.deepEqual(await describeOne(client), ['Dead', 0])
    },
  ),
]
