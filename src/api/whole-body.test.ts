/** A body that is read whole, on streams and a clock that move by hand. */
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createManualClock } from '../testing/manual-clock.ts'
import { apiError } from './errors.ts'
import { readWhole } from './whole-body.ts'

const LISTENED = ['data', 'end', 'error', 'close'] as const

function setUp({ maxBytes = 10, most = Infinity } = {}) {
  const clock = createManualClock()
  const source = new PassThrough()
  const before = LISTENED.map((event) => source.listenerCount(event))
  const held: number[] = []
  const hold = (bytes: number): void => {
    if (bytes > most) throw apiError('API_OVERLOADED', 'no room')
    held.push(bytes)
  }
  const body = readWhole(source, { maxBytes, hold, stall: { clock, ms: 300 } })
  const leftOver = (): number[] =>
    LISTENED.map((event, at) => source.listenerCount(event) - before[at]!)
  return { clock, source, held, body, leftOver }
}
const soon = (): Promise<unknown> => new Promise(setImmediate)

describe('a body read whole', () => {
  test('is what its parts are, and counts what is held', async () => {
    const { source, clock, held, body, leftOver } = setUp()
    source.write('{"a"')
    await soon()
    source.end(':1}')
    expect((await body).toString()).toBe('{"a":1}')
    expect(held).toEqual([4, 7])
    expect([clock.pending(), ...leftOver()]).toEqual([0, 0, 0, 0, 0])
  })

  test('may be empty, and may be exactly as long as is allowed', async () => {
    const empty = setUp()
    empty.source.end()
    expect(await empty.body).toHaveLength(0)
    const full = setUp()
    full.source.end('1234567890')
    expect(await full.body).toHaveLength(10)
  })

  test('ends at the byte above its limit, and the rest is not read', async () => {
    const { source, body, leftOver } = setUp()
    source.write('12345678901')
    await expect(body).rejects.toMatchObject({ code: 'API_BODY_TOO_LARGE' })
    expect(source.isPaused()).toBe(true)
    expect(leftOver()).toEqual([0, 0, 0, 0])
  })

  test('is refused when there is no memory for it', async () => {
    const { source, body } = setUp({ most: 3 })
    source.write('123')
    await soon()
    source.write('4')
    await expect(body).rejects.toMatchObject({ code: 'API_OVERLOADED' })
  })

  test('is 400 when the connection ends inside it, also when it had ended before', async () => {
    const { source, body } = setUp()
    source.write('123')
    source.destroy()
    await expect(body).rejects.toMatchObject({ code: 'API_BAD_REQUEST' })
    const again = readWhole(source, { maxBytes: 10, hold: () => {} })
    await expect(again).rejects.toMatchObject({ code: 'API_BAD_REQUEST' })
  })

  test('is 408 after a pause that is too long; each part begins the wait anew', async () => {
    const { source, clock, body } = setUp()
    clock.advance(200)
    source.write('12')
    await soon()
    clock.advance(200)
    source.write('34')
    await soon()
    clock.advance(299)
    let isSettled = false
    const settled = body.then(
      () => (isSettled = true),
      () => (isSettled = true),
    )
    await soon()
    expect(isSettled).toBe(false)
    clock.advance(1)
    await settled
    await expect(body).rejects.toMatchObject({ code: 'API_REQUEST_TIMEOUT' })
  })
})
