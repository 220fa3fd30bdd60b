import { describe, expect, it } from 'vitest'
import type { ReplayOptions } from '../ingest.ts'
import { createPacer } from './pacer.ts'

const source: ReplayOptions['source'] = { id: 's', async *events() {} }
const pacer = (options: Partial<ReplayOptions>) => createPacer({ topic: 't', source, ...options })

/** Due times of `count` events for someone who is always in time. */
function dues(options: Partial<ReplayOptions>, count: number): number[] {
  const one = pacer(options)
  let now = 1_000
  return Array.from({ length: count }, () => (now = Math.max(now, one.next(now))) - 1_000)
}

describe('pacer', () => {
  it('spaces events by rate or interval', () => {
    expect(dues({ rate: 4 }, 4)).toEqual([0, 250, 500, 750])
    expect(dues({ intervalMs: 20 }, 3)).toEqual([0, 20, 40])
    expect(dues({}, 3)).toEqual([0, 0, 0])
    expect(dues({ rate: 0 }, 3)).toEqual([0, 0, 0])
  })

  it('jitter varies the pauses, repeats with its seed, and keeps the rate within 5 %', () => {
    const times = dues({ rate: 200, jitter: 1, seed: 7 }, 10_001)
    expect(times).toEqual(dues({ rate: 200, jitter: 1, seed: 7 }, 10_001))
    expect(times).not.toEqual(dues({ rate: 200, jitter: 1, seed: 8 }, 10_001))
    const pauses = times.slice(1).map((time, i) => time - times[i]!)
    expect(Math.min(...pauses)).toBeLessThan(0.1)
    expect(Math.max(...pauses)).toBeGreaterThan(9.9)
    expect(10_000 / (times.at(-1)! / 1_000)).toBeGreaterThan(190)
    expect(10_000 / (times.at(-1)! / 1_000)).toBeLessThan(210)
  })

  it('catches up after a short pause and not after a long one', () => {
    const one = pacer({ rate: 1_000 })
    one.next(0)
    expect(one.next(2_000)).toBe(1)
    expect(one.next(3_600_000)).toBe(3_595_000)
  })

  it('scales event time, and takes events out of order at once', () => {
    const one = pacer({ speed: 3_600 })
    const hour = 3_600_000
    expect([0, 1, 1.5, 1.2, 3].map((hours) => one.next(50, hours * hour))).toEqual([
      50, 1_050, 1_550, 1_550, 3_050,
    ])
    expect(one.next(9_999)).toBe(3_050)
  })

  it.each([
    [{ rate: -1 }, 'rate'],
    [{ rate: Number.NaN }, 'rate'],
    [{ rate: 5, intervalMs: 5 }, 'rate'],
    [{ rate: 5, speed: 5 }, 'rate'],
    [{ intervalMs: 0 }, 'intervalMs'],
    [{ speed: 0 }, 'speed'],
    [{ rate: 1, jitter: 2 }, 'jitter'],
    [{ jitter: 0.5 }, 'jitter'],
    [{ limit: 1.5 }, 'limit'],
  ])('refuses %o and names the field', (options, field) => {
    expect(() => pacer(options)).toThrow(
      expect.objectContaining({ code: 'INGEST_INVALID_REPLAY', details: { field } }),
    )
  })
})
