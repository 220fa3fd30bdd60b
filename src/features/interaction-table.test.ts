import { describe, expect, test } from 'vitest'
import type { Combine } from '../core/index.ts'
import { createRandom } from '../kernels/index.ts'
import { InteractionTable } from './interaction-table.ts'

describe('a random stream against maps', () => {
  test.each<Combine>(['sum', 'last', 'max'])('%s', (combine) => {
    const random = createRandom(3)
    const table = new InteractionTable(combine)
    const truth = new Map<string, { user: string; item: string; value: number; time: number }>()
    for (let n = 0; n < 5_000; n++) {
      // A user with many items passes from scanning to an index.
      const user = random.int(3) === 0 ? 'busy' : `u${random.int(20)}`
      const item = `i${random.int(150)}`
      const value = random.int(5) - 1
      const time = random.int(1_000)
      table.add(user, item, value, time)
      const before = truth.get(`${user} ${item}`)
      const isOlder = before !== undefined && time < before.time
      const after = !before
        ? value
        : combine === 'sum'
          ? before.value + value
          : combine === 'max'
            ? Math.max(before.value, value)
            : isOlder
              ? before.value
              : value
      truth.set(`${user} ${item}`, {
        user,
        item,
        value: after,
        time: Math.max(time, before?.time ?? 0),
      })
    }
    const held = [...truth.values()].filter(({ value }) => value > 0)
    for (const user of ['busy', ...Array.from({ length: 20 }, (_, i) => `u${i}`)]) {
      const expected = held
        .filter((one) => one.user === user)
        .map(({ item: id, value, time }) => ({ id, value, time }))
        .toSorted((a, b) => b.time - a.time || (a.id < b.id ? -1 : 1))
      expect(table.history(user)).toEqual(expected)
    }
    for (let i = 0; i < 150; i++) {
      const users = held.filter(({ item }) => item === `i${i}`)
      expect(
        table
          .audience(`i${i}`)
          .map(({ id }) => id)
          .toSorted(),
      ).toEqual(users.map(({ user }) => user).toSorted())
      expect(table.facts(`i${i}`)?.users).toBe(users.length)
      expect(table.popularity(0, undefined)[table.items.indexOf(`i${i}`)]).toBe(users.length)
    }
    expect(table.pairs).toBe(truth.size)
    const [first] = table.mostActive(1)
    expect(first).toMatchObject({
      id: 'busy',
      items: held.filter(({ user }) => user === 'busy').length,
    })
  })
})

test('nothing is known of strangers', () => {
  const table = new InteractionTable('sum')
  expect(table.history('x')).toEqual([])
  expect(table.audience('x')).toEqual([])
  expect([table.userChanges('x'), table.itemChanges('x'), table.facts('x')]).toEqual([
    0,
    0,
    undefined,
  ])
})
