import { expect, test } from 'vitest'
import { silentLogger, type Logger } from '../../core/index.ts'
import { createManualClock } from '../../testing/index.ts'
import { createClosers } from './closers.ts'

function logger(errors: string[]): Logger {
  return {
    ...silentLogger,
    error: (facts, message) => errors.push(`${JSON.stringify(facts)} ${message}`),
  }
}

test('parts close in reverse, once, also after one that fails', async () => {
  const errors: string[] = []
  const closers = createClosers(createManualClock(), logger(errors))
  const closed: string[] = []
  for (const name of ['log', 'lake', 'sink']) {
    closers.add(name, async () => {
      closed.push(name)
      if (name === 'lake') throw new Error('lake is on fire')
    })
  }
  await Promise.all([closers.closeAll(), closers.closeAll()])
  expect(closed).toEqual(['sink', 'lake', 'log'])
  expect(errors).toHaveLength(1)
  expect(errors[0]).toContain('"part":"lake"')
})

test('a part that hangs is left behind within the bound, and the others still close', async () => {
  const errors: string[] = []
  const clock = createManualClock()
  const closers = createClosers(clock, logger(errors))
  let isLogClosed = false
  closers.add('log', async () => {
    isLogClosed = true
  })
  closers.add('stuck', () => new Promise(() => {}))
  closers.add('stuck too', () => new Promise(() => {}))
  const done = closers.closeAll()
  await expect
    .poll(
      () => {
        clock.advance(500)
        return isLogClosed
      },
      { interval: 5 },
    )
    .toBe(true)
  await done
  expect(errors.map((error) => error.split('"')[3])).toEqual(['stuck too', 'stuck'])
  expect(clock.monotonic()).toBeLessThanOrEqual(10_000)
})
