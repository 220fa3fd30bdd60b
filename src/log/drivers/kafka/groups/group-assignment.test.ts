import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Subscription,
} from './consumer-protocol.ts'
import { assign, COOPERATIVE, PROTOCOL_NAMES } from './group-assignment.ts'

const places = (...partitions: number[]) =>
  partitions.map((partition) => ({ topic: 't', partition }))
const member = (...owned: number[]): Subscription => ({ topics: ['t'], owned: places(...owned) })
const of = (members: Record<string, Subscription>, count = 5): Record<string, [string, boolean]> =>
  Object.fromEntries(
    [...assign(COOPERATIVE, new Map(Object.entries(members)), () => count)].map(([id, one]) => [
      id,
      [one.places.map(({ partition }) => partition).join(), one.isPartial],
    ]),
  )

describe('cooperative range assignment', () => {
  it('gives adjacent runs in the order of the members', () => {
    assert.deepEqual(of({ b: member(), a: member() }), { a: ['0,1,2', false], b: ['3,4', false] })
    assert.deepEqual(of({ a: member(), b: member(), c: member() }, 2), {
      a: ['0', false],
      b: ['1', false],
      c: ['', false],
    })
  })

  it('keeps a partition back until its holder has let go of it', () => {
    assert.deepEqual(of({ a: member(0, 1, 2, 3, 4), b: member() }), {
      a: ['0,1,2', true],
      b: ['', true],
    })
    assert.deepEqual(of({ a: member(0, 1, 2), b: member() }), {
      a: ['0,1,2', false],
      b: ['3,4', false],
    })
  })

  it('never gives a partition to two', () => {
    for (let owned = 0; owned < 32; owned++) {
      const held = [0, 1, 2, 3, 4].filter((partition) => (owned >> partition) & 1)
      const free = [0, 1, 2, 3, 4].filter((partition) => !held.includes(partition))
      const given = Object.entries(of({ a: member(), b: member(...held), c: member(...free) }))
      const all = given.flatMap(([, [list]]) => list.split(',').filter(Boolean))
      assert.equal(new Set(all).size, all.length)
    }
  })
})

describe('the assignments of other clients', () => {
  const COUNTS: Readonly<Record<string, number>> = { a: 3, b: 2 }
  const shares = (protocol: string, topics: Record<string, string[]>) =>
    Object.fromEntries(
      [
        ...assign(
          protocol,
          new Map(Object.entries(topics).map(([id, list]) => [id, { topics: list, owned: [] }])),
          (topic) => COUNTS[topic] ?? 0,
        ),
      ].map(([id, one]) => [id, one.places.map((place) => place.topic + place.partition).join()]),
    )

  // The examples in the documentation of Kafka's RangeAssignor and RoundRobinAssignor, with fewer partitions.
  it('are those of Apache Kafka', () => {
    const both = { m2: ['a', 'b'], m1: ['b', 'a'] }
    assert.deepEqual(shares('range', both), { m1: 'a0,a1,b0', m2: 'a2,b1' })
    for (const name of ['roundrobin', 'RoundRobinAssigner']) {
      assert.deepEqual(shares(name, both), { m1: 'a0,a2,b1', m2: 'a1,b0' })
    }
    const uneven = { m1: ['a'], m2: ['a', 'b'], m3: ['a', 'b'] }
    assert.deepEqual(shares('range', uneven), { m1: 'a0', m2: 'a1,b0', m3: 'a2,b1' })
    assert.deepEqual(shares('roundrobin', uneven), { m1: 'a0', m2: 'a1,b0', m3: 'a2,b1' })
  })

  it('keep back what a member of ours still holds, by every name', () => {
    for (const name of PROTOCOL_NAMES) {
      const members = new Map([
        ['a', member(0, 1)],
        ['b', member()],
      ])
      const decided = assign(name, members, () => 2)
      assert.deepEqual(decided.get('b'), { places: [], isPartial: true, isOurs: true })
    }
  })
})

describe('the bytes about a member', () => {
  it('are understood by who receives them', () => {
    const subscription = { topics: ['t', 'ünï'], owned: places(1, 4) }
    assert.deepEqual(decodeSubscription(encodeSubscription(subscription)), subscription)
    for (const isPartial of [true, false]) {
      const assignment = { places: places(0, 3), isPartial }
      assert.deepEqual(decodeAssignment(encodeAssignment(assignment)), {
        ...assignment,
        isOurs: true,
      })
    }
  })

  it('may come from another client, without user data', () => {
    // Version 0, one topic "t" with partition 5, user data null.
    const bytes = Buffer.from('0000000000010001740000000100000005ffffffff', 'hex')
    const foreign = { places: places(5), isPartial: false, isOurs: false }
    assert.deepEqual(decodeAssignment(bytes), foreign)
    const bare = Buffer.from('000000000001000174ffffffff', 'hex')
    assert.deepEqual(decodeSubscription(bare), { topics: ['t'], owned: [] })
  })
})
