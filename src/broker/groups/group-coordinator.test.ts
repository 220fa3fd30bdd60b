import { expect, test } from 'vitest'
import { makeBrokerWorld } from '../broker-world.testing.ts'
import { joinGroup } from '../apis/join-group.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import { commit, join, joinRequest } from '../requests.testing.ts'

test('G5: of the member ids that were given out, the oldest are forgotten first', async () => {
  await using world = await makeBrokerWorld()
  const client = await world.connect()
  const first = await client.call(joinGroup, 5, joinRequest(''))
  for (let sent = 0; sent < 10_000; sent++) client.send(joinGroup, 5, joinRequest(''))
  for (let received = 0; received < 10_000; received++) await client.next()
  const late = await client.call(joinGroup, 5, joinRequest(first.memberId))
  expect(late.errorCode).toBe(kafkaError.UNKNOWN_MEMBER_ID)
})

test('G5: groups have a limit', async () => {
  await using world = await makeBrokerWorld({ limits: { groups: 2 } })
  await world.log.createTopic({ name: 't' })
  const codes: number[] = []
  for (const group of ['a', 'b', 'c']) {
    codes.push((await join(await world.connect(), { group })).errorCode)
  }
  expect(codes).toEqual([0, 0, kafkaError.POLICY_VIOLATION])
  expect(await commit(await world.connect(), 0)).toBe(kafkaError.POLICY_VIOLATION)
})

test.each([
  ['an invented member id', { memberId: 'invented' }, kafkaError.UNKNOWN_MEMBER_ID],
  ['no protocol', { protocols: [] }, kafkaError.INCONSISTENT_GROUP_PROTOCOL],
  ['a name with a line break', { groupId: 'a\nb' }, kafkaError.INVALID_GROUP_ID],
  ['no name', { groupId: '' }, kafkaError.INVALID_GROUP_ID],
])('%s is refused', async (_what, wrong, code) => {
  await using world = await makeBrokerWorld()
  const client = await world.connect()
  // Version 3 joins without taking an id first.
  const answer = await client.call(joinGroup, 3, { ...joinRequest(''), ...wrong })
  expect(answer.errorCode).toBe(code)
})
