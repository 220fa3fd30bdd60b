import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  assign,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Subscription,
} from './group-assignment.ts'

const places = (...partitions: number[]) =>
  partitions.map((partition) => ({ topic: 't', partition }))
const member = (...owned: number[]): Subscription => ({ topics: ['t'], owned: places(...owned) })
const of = (members: Record<string, Subscription>, count = 5): Record<string, [string, boolean]> =>
  Object.fromEntries(
    [...assign(new Map(Object.entries(members)), () => count)].map(([id, one]) => [
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

  it('is understood by who receives it', () => {
    const subscription = { topics: ['t', 'ünï'], owned: places(1, 4) }
    assert.deepEqual(decodeSubscription(encodeSubscription(subscription)), subscription)
    for (const isPartial of [true, false]) {
      const assignment = { places: places(0, 3), isPartial }
      assert.deepEqual(decodeAssignment(encodeAssignment(assignment)), assignment)
    }
  })
})
