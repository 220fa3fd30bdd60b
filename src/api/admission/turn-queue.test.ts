/** The line in front of the turns, on a clock that moves by hand. */
import { describe, expect, test } from 'vitest'
import { isMillraceError } from '../../core/index.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { apiError } from '../errors.ts'
import { createTurnQueue, type TurnQueueOptions } from './turn-queue.ts'

function setUp(options: Partial<TurnQueueOptions> = {}) {
  const clock = createManualClock()
  const refusal = () => apiError('API_OVERLOADED', 'too much', { retryAfterSeconds: 1 })
  const facts = { capacity: 2, mostWaiting: 128, burstMs: 100, standingMs: 10 }
  const queue = createTurnQueue({ clock, refusal, ...facts, ...options })
  return { clock, queue }
}
/** What became of a promise, when those that are settled had their say. */
async function stateOf(promise: Promise<unknown>): Promise<'granted' | 'refused' | 'waits'> {
  const said = promise.then(
    () => 'granted' as const,
    (error: unknown) => (isMillraceError(error, 'API_OVERLOADED') ? 'refused' : 'waits'),
  )
  await new Promise(setImmediate)
  return Promise.race([said, Promise.resolve('waits' as const)])
}

describe('P16: a line of turns', () => {
  test('holds no more than its capacity under way, and goes on in order', async () => {
    const { queue } = setUp()
    const leave = await queue.enter()
    await queue.enter()
    const order: number[] = []
    const third = queue.enter().then((leaveThird) => (order.push(3), leaveThird))
    const fourth = queue.enter().then((leaveFourth) => (order.push(4), leaveFourth))
    expect([queue.underWay, queue.waiting]).toEqual([2, 2])
    leave()
    leave()
    ;(await third)()
    await fourth
    expect(order).toEqual([3, 4])
    expect([queue.underWay, queue.waiting]).toEqual([2, 0])
  })

  test('counts by units; more than all of it is all of it', async () => {
    const { queue } = setUp({ capacity: 100 })
    const leave = await queue.enter({ units: 1_000_000 })
    expect(queue.underWay).toBe(100)
    const small = queue.enter({ units: 1 })
    expect(await stateOf(small)).toBe('waits')
    leave()
    expect(await stateOf(small)).toBe('granted')
    expect(queue.underWay).toBe(1)
  })

  test('takes up a burst for as long as a burst lasts', async () => {
    const { clock, queue } = setUp({ capacity: 1 })
    const leave = await queue.enter()
    const waits = queue.enter()
    clock.advance(100)
    expect(await stateOf(waits)).toBe('waits')
    leave()
    expect(await stateOf(waits)).toBe('granted')
  })

  test('does not stand: what waits longer than the burst is refused without a turn given back', async () => {
    const { clock, queue } = setUp({ capacity: 1 })
    await queue.enter()
    const waits = queue.enter()
    clock.advance(111)
    expect(await stateOf(waits)).toBe('refused')
    expect(queue.waiting).toBe(0)
  })

  test('a line that has not been empty for the length of a burst is short', async () => {
    const { clock, queue } = setUp({ capacity: 1, mostWaiting: 20 })
    let leave = await queue.enter()
    // One new request every 5 ms, one turn every 20 ms: after 100 ms the line is standing.
    const states: Promise<string>[] = []
    for (let at = 0; at < 400; at += 5) {
      clock.advance(5)
      const since = at
      states.push(
        queue.enter().then(
          (next) => {
            leave = next
            return `granted ${clock.monotonic() - since - 5}`
          },
          () => 'refused',
        ),
      )
      await new Promise(setImmediate)
      if (at % 20 === 15) leave()
      await new Promise(setImmediate)
    }
    clock.advance(1_000)
    const told = await Promise.all(states)
    const waitsOfLate = told.slice(40).flatMap((text) => {
      const [, ms] = /^granted (\d+)$/.exec(text) ?? []
      return ms === undefined ? [] : [Number(ms)]
    })
    expect(waitsOfLate.length).toBeGreaterThan(5)
    expect(Math.max(...waitsOfLate)).toBeLessThanOrEqual(15)
  })

  test('callers who ask again when they are answered keep a line that is never empty, and all are served', async () => {
    const { clock, queue } = setUp({ capacity: 4, mostWaiting: 1_024 })
    const waits: number[] = []
    const refused: unknown[] = []
    const leaving: (() => void)[] = []
    const ask = (): void => {
      const since = clock.monotonic()
      queue.enter().then(
        (leave) => {
          waits.push(clock.monotonic() - since)
          leaving.push(leave)
        },
        (error: unknown) => refused.push(error),
      )
    }
    for (let caller = 0; caller < 32; caller++) ask()
    // Four answers every millisecond: the line of 28 takes 7 ms.
    for (let round = 0; round < 500; round++) {
      await new Promise(setImmediate)
      clock.advance(1)
      for (const leave of leaving.splice(0)) {
        leave()
        ask()
      }
    }
    expect(refused).toEqual([])
    expect(waits.length).toBeGreaterThan(1_900)
    expect(Math.max(...waits)).toBeLessThanOrEqual(10)
  })

  test('refuses at once when the line is full; a standing line is much shorter', async () => {
    const { clock, queue } = setUp({ capacity: 1, mostWaiting: 128, burstMs: 100 })
    await queue.enter()
    const line = Promise.allSettled(Array.from({ length: 128 }, () => queue.enter()))
    expect(queue.isFull()).toBe(true)
    expect(await stateOf(queue.enter())).toBe('refused')
    expect(queue.waiting).toBe(128)
    clock.advance(111)
    expect((await line).map(({ status }) => status)).toEqual(Array(128).fill('rejected'))
    const begun = queue.enter({ isBegun: true })
    clock.advance(120)
    expect(queue.waiting).toBe(1)
    const second = queue.enter()
    expect(queue.isFull()).toBe(true)
    expect(await stateOf(queue.enter())).toBe('refused')
    expect([await stateOf(begun), await stateOf(second)]).toEqual(['waits', 'waits'])
  })

  test('work that is begun waits as long as it takes; who went away has no turn', async () => {
    const { clock, queue } = setUp({ capacity: 1 })
    const leave = await queue.enter()
    const begun = queue.enter({ isBegun: true })
    const gone = new AbortController()
    const abandoned = queue.enter({ signal: gone.signal })
    gone.abort(new Error('away'))
    clock.advance(10)
    await expect(abandoned).rejects.toThrow('away')
    clock.advance(60_000)
    expect(await stateOf(begun)).toBe('waits')
    leave()
    expect(await stateOf(begun)).toBe('granted')
    expect([queue.underWay, queue.waiting]).toEqual([1, 0])
  })
})
