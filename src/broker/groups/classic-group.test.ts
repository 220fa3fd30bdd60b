import { describe, expect, test } from 'vitest'
import { createManualClock } from '../../testing/index.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import { ClassicGroup } from './classic-group.ts'
import type { JoinAnswer, MemberFacts } from './group-member.ts'

const SESSION = 10_000
const REBALANCE = 60_000

const facts = (more: Partial<MemberFacts> = {}): MemberFacts => ({
  instanceId: null,
  clientId: 'c',
  clientHost: '127.0.0.1',
  sessionTimeoutMs: SESSION,
  rebalanceTimeoutMs: REBALANCE,
  protocols: [{ name: 'range', metadata: new Uint8Array([1]) }],
  ...more,
})

function makeGroup() {
  const clock = createManualClock()
  let emptied = 0
  const group = new ClassicGroup('g', clock, () => emptied++)
  const join = (id: string, more: Partial<MemberFacts> = {}): Promise<JoinAnswer> =>
    group.join(id, 'consumer', facts(more))
  const claim = (memberId: string, generation: number) => ({
    memberId,
    generation,
    instanceId: null,
  })
  const shares = (...ids: string[]) => new Map(ids.map((id) => [id, Buffer.from(`for ${id}`)]))
  return {
    clock,
    group,
    join,
    beat: (id: string, generation: number) => group.heartbeat(claim(id, generation)),
    sync: (id: string, generation: number, ...ids: string[]) =>
      group.sync(claim(id, generation), shares(...ids)),
    commit: (id: string, generation: number) => group.checkCommit(claim(id, generation)),
    emptied: () => emptied,
  }
}

/** Two members, stable in generation 2, `a` leads. */
async function makePair() {
  const world = makeGroup()
  await world.join('a')
  await world.sync('a', 1, 'a')
  const joining = world.join('b')
  await world.join('a')
  await joining
  const waiting = world.sync('b', 2)
  await world.sync('a', 2, 'a', 'b')
  await waiting
  return world
}

describe('a classic group', () => {
  test('goes from empty to stable and back', async () => {
    const { group, join, sync, beat, emptied } = makeGroup()
    expect(group.state).toBe('Empty')
    const { generation, leader, members } = await join('a')
    expect([generation, leader, members.length]).toEqual([1, 'a', 1])
    expect(group.state).toBe('CompletingRebalance')
    const { assignment } = await sync('a', 1, 'a')
    expect(Buffer.from(assignment).toString()).toBe('for a')
    expect(group.state).toBe('Stable')
    expect(beat('a', 1)).toBe(kafkaError.NONE)
    expect(group.leave('a', null)).toBe(kafkaError.NONE)
    expect([group.state, emptied()]).toEqual(['Empty', 1])
    expect(beat('a', 1)).toBe(kafkaError.UNKNOWN_MEMBER_ID)
  })

  test('waits for every member to join again, and only the leader is told who is there', async () => {
    const { group, join, beat } = await makePair()
    const c = join('c')
    expect(group.state).toBe('PreparingRebalance')
    expect(beat('a', 2)).toBe(kafkaError.REBALANCE_IN_PROGRESS)
    const a = join('a')
    expect(group.state).toBe('PreparingRebalance')
    const answers = await Promise.all([a, join('b'), c])
    expect(answers.map(({ generation }) => generation)).toEqual([3, 3, 3])
    expect(answers.map(({ members }) => members.length)).toEqual([3, 0, 0])
  })

  test('G1: a member of an older generation can neither sync, beat nor commit', async () => {
    const { join, sync, beat, commit } = await makePair()
    expect(beat('a', 1)).toBe(kafkaError.ILLEGAL_GENERATION)
    expect(commit('a', 1)).toBe(kafkaError.ILLEGAL_GENERATION)
    expect((await sync('a', 1)).error).toBe(kafkaError.ILLEGAL_GENERATION)
    expect(commit('a', 2)).toBe(kafkaError.NONE)
    void join('c')
    expect(commit('a', 2)).toBe(kafkaError.NONE)
  })

  test('G1: while the leader assigns, nobody commits', async () => {
    const { join, commit } = makeGroup()
    await join('a')
    expect(commit('a', 1)).toBe(kafkaError.REBALANCE_IN_PROGRESS)
  })

  test('G2: who does not join again in time is out', async () => {
    const { clock, group, join, beat } = await makePair()
    const a = join('a', { protocols: [{ name: 'range', metadata: new Uint8Array([2]) }] })
    for (let passed = 0; passed < REBALANCE; passed += 5_000) {
      beat('b', 2)
      clock.advance(5_000)
    }
    expect((await a).generation).toBe(3)
    expect(group.members.map(({ id }) => id)).toEqual(['a'])
    expect(beat('b', 2)).toBe(kafkaError.UNKNOWN_MEMBER_ID)
  })

  test('G2: a leader that joins and then says nothing is out, and another one leads', async () => {
    const { clock, group, join, sync, beat } = makeGroup()
    await join('a')
    const b = join('b')
    await join('a')
    await b
    const waiting = sync('b', 2)
    for (let passed = 0; passed < REBALANCE; passed += 5_000) {
      beat('a', 2)
      clock.advance(5_000)
    }
    expect((await waiting).error).toBe(kafkaError.REBALANCE_IN_PROGRESS)
    expect(group.members.map(({ id }) => id)).toEqual(['b'])
    expect((await join('b')).leader).toBe('b')
  })

  test('G3: a silent member expires, one that waits for us does not', async () => {
    const { clock, group, join, beat } = await makePair()
    clock.advance(SESSION - 1)
    beat('a', 2)
    clock.advance(1)
    expect(group.members.map(({ id }) => id)).toEqual(['a'])
    expect(group.state).toBe('PreparingRebalance')
    expect((await join('a')).generation).toBe(3)

    const c = join('c')
    for (let passed = 0; passed < 3 * SESSION; passed += 5_000) {
      beat('a', 3)
      clock.advance(5_000)
    }
    expect(group.has('c')).toBe(true)
    await join('a')
    expect((await c).generation).toBe(4)
  })

  test('a repeated join gets the answer again; the leader’s begins a rebalance', async () => {
    const { group, join } = await makePair()
    expect((await join('b')).generation).toBe(2)
    expect(group.state).toBe('Stable')
    void join('a')
    expect(group.state).toBe('PreparingRebalance')
  })

  test('the protocol is the one that all speak and most prefer', async () => {
    const { join } = makeGroup()
    const speak = (...names: string[]): Partial<MemberFacts> => ({
      protocols: names.map((name) => ({ name, metadata: Buffer.from(name) })),
    })
    await join('a', speak('x', 'y', 'z'))
    const b = join('b', speak('y', 'x'))
    const { protocol, members } = await join('a', speak('z', 'y', 'x'))
    await b
    expect(protocol).toBe('y')
    expect(members.map(({ metadata }) => Buffer.from(metadata).toString())).toEqual(['y', 'y'])
  })

  test('the older process of an instance is fenced', async () => {
    const { group, join, sync } = makeGroup()
    await join('a', { instanceId: 'i' })
    await sync('a', 1, 'a')
    const { generation, leader } = await join('b', { instanceId: 'i' })
    expect([generation, leader]).toEqual([2, 'b'])
    const old = { memberId: 'a', instanceId: 'i', generation: 1 }
    expect(group.heartbeat(old)).toBe(kafkaError.FENCED_INSTANCE_ID)
    expect(group.leave('', 'i')).toBe(kafkaError.NONE)
    expect(group.state).toBe('Empty')
  })

  test('ending it answers whoever waits and leaves no timer', async () => {
    const { clock, group, join } = await makePair()
    const waiting = join('c')
    group.end()
    expect((await waiting).error).toBe(kafkaError.UNKNOWN_MEMBER_ID)
    expect(clock.pending()).toBe(0)
  })
})
