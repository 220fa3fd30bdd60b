import { expect, test } from 'vitest'
import { createManualClock } from './index.ts'

test('timers fire in order of their time, also those set by a timer', () => {
  const clock = createManualClock(0)
  const fired: string[] = []
  clock.after(20, () => fired.push(`b@${clock.now()}`))
  clock.after(10, () => {
    fired.push(`a@${clock.now()}`)
    clock.after(5, () => fired.push(`c@${clock.now()}`))
  })
  const cancel = clock.after(12, () => fired.push('cancelled'))
  cancel()
  clock.advance(30)
  expect(fired).toEqual(['a@10', 'c@15', 'b@20'])
  expect(clock.monotonic()).toBe(30)
  expect(clock.pending()).toBe(0)
})

test('a jump of the wall clock moves no timer', () => {
  const clock = createManualClock(1_000)
  let fired = false
  clock.after(10, () => (fired = true))
  clock.jump(3_600_000)
  expect(fired).toBe(false)
  expect(clock.monotonic()).toBe(0)
  clock.advance(10)
  expect(fired).toBe(true)
})

test('a sleep ends with its signal', async () => {
  const clock = createManualClock()
  const stop = new AbortController()
  const sleep = clock.sleep(1_000, stop.signal)
  stop.abort(new Error('enough'))
  await expect(sleep).rejects.toThrow('enough')
  expect(clock.pending()).toBe(0)
})
