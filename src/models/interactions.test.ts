import { expect, test } from 'vitest'
import type { Combine } from '../core/index.ts'
import { createInteractions, type InteractionRows } from './interactions.ts'

const rows = (
  events: readonly (readonly [string | null, string | null, number?])[],
): InteractionRows => ({
  user: events.map(([user]) => user),
  item: events.map(([, item]) => item),
  value: Float64Array.from(events, ([, , value = 1]) => value),
  time: Float64Array.from(events, (_, at) => at),
})
const pairsOf = (data: ReturnType<typeof createInteractions>): string[] =>
  Array.from({ length: data.users.size }, (_, user) => user).flatMap((user) =>
    Array.from(data.item.subarray(data.start[user], data.start[user + 1]), (item, at) => {
      const entry = data.start[user]! + at
      return `${data.users.idOf(user)} ${data.items.idOf(item)} ${data.value[entry]} ${data.time[entry]}`
    }),
  )

test('one entry per pair, users and items in the order of their ids', () => {
  const data = createInteractions(
    rows([
      ['b', 'y'],
      ['a', 'z'],
      ['b', 'x'],
      ['b', 'y'],
    ]),
    'sum',
  )
  expect(pairsOf(data)).toEqual(['a z 1 1', 'b x 1 2', 'b y 2 3'])
  expect([...data.start]).toEqual([0, 1, 3])
})

test.each([
  ['sum', 8],
  ['last', 3],
  ['max', 5],
] as const)('%s of several events of one pair', (combine: Combine, value) => {
  const data = createInteractions(
    rows([
      ['a', 'x', 5],
      ['a', 'x', 3],
    ]),
    combine,
  )
  expect(pairsOf(data)).toEqual([`a x ${value} 1`])
})

test('a pair that is taken back is no interaction, and its ids are gone with it', () => {
  const data = createInteractions(
    rows([
      ['a', 'x', 5],
      ['b', 'y', 4],
      ['a', 'x', -5],
      ['b', 'z', 0],
    ]),
    'sum',
  )
  expect(pairsOf(data)).toEqual(['b y 4 1'])
  expect([data.users.size, data.items.size]).toEqual([1, 1])
})

test('rows without user, item or value are left out, and those that are not kept', () => {
  const data = createInteractions(
    rows([
      [null, 'x'],
      ['a', null],
      ['a', 'x', Number.NaN],
      ['a', 'y'],
      ['a', 'z'],
    ]),
    'last',
    (row) => row !== 4,
  )
  expect(pairsOf(data)).toEqual(['a y 1 3'])
})

test('ids are texts: 10 and 9 are not numbers, and 007 is not 7', () => {
  const data = createInteractions(
    rows([
      ['9', '7'],
      ['10', '007'],
      ['10', '7'],
    ]),
    'sum',
  )
  expect(pairsOf(data)).toEqual(['10 007 1 1', '10 7 1 2', '9 7 1 0'])
})
