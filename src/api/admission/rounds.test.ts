/** Rounds are those of the real event loop; how long each took is said by a clock that moves by hand. */
import { describe, expect, test } from 'vitest'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createRounds } from './rounds.ts'

function setUp() {
  const clock = createManualClock()
  let asked = 0
  const rounds = createRounds(clock, () => asked++)
  const beginAll = (): number => {
    let begun = 0
    while (begun < 1_000 && rounds.begin()) begun++
    return begun
  }
  /** The end of a round that took so long; resolves to how often it was said that more may begin. */
  const end = async (ms: number): Promise<number> => {
    clock.advance(ms)
    const before = asked
    await new Promise(setImmediate)
    return asked - before
  }
  return { rounds, beginAll, end }
}

describe('P16: rounds of the event loop', () => {
  test('begin less while they are long, down to one, and more again while they are short', async () => {
    const { beginAll, end } = setUp()
    const begun: number[] = []
    for (const ms of [20, 20, 20, 20, 1, 1, 1, 1]) {
      begun.push(beginAll())
      expect(await end(ms)).toBe(1)
    }
    expect(begun).toEqual([8, 4, 2, 1, 1, 2, 3, 4])
  })

  test('ask nobody when nobody was held back', async () => {
    const { rounds, end } = setUp()
    expect(rounds.begin()).toBe(true)
    expect(await end(1)).toBe(0)
  })

  test('take in connections as long as some come, and go on after a while all the same', async () => {
    const { rounds, beginAll, end } = setUp()
    beginAll()
    for (let round = 0; round < 16; round++) {
      rounds.sawConnection()
      expect(await end(0)).toBe(0)
      expect(rounds.begin()).toBe(false)
    }
    rounds.sawConnection()
    expect(await end(0)).toBe(1)
    expect(rounds.begin()).toBe(true)
  })
})
