/** Classes of work beside each other, the budget of bodies and the late event loop, on a clock that moves by hand. */
import { describe, expect, test } from 'vitest'
import { defaultLimits, isMillraceError, type Clock, type Limits } from '../../core/index.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { routes } from '../routes.ts'
import type { AnyRoute } from '../define-route.ts'
import { createAdmission } from './admission.ts'
import { createLateClock } from './late-clock.fixture.ts'
import { loadClasses, loadClassOf } from './load-class.ts'

function setUp(limits: Partial<Limits> = {}, clock: Clock = createManualClock()) {
  const refused: string[] = []
  const admission = createAdmission({ ...defaultLimits, ...limits }, clock, (load) =>
    refused.push(load),
  )
  return { admission, refused }
}

describe('P16, P18: admission', () => {
  test('a class that is full refuses its own and no other, with Retry-After', async () => {
    const clock = createManualClock()
    const { admission, refused } = setUp({ sqlConcurrent: 1 }, clock)
    const leave = await admission.enter('query')
    const second = admission.enter('query').catch((error: unknown) => error)
    clock.advance(defaultLimits.turnBurstMs * 10 + defaultLimits.turnStandingMs * 10)
    const error = await second
    expect(isMillraceError(error, 'API_OVERLOADED')).toBe(true)
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: 1 })
    expect(refused).toEqual(['query'])
    for (const load of loadClasses) if (load !== 'query') (await admission.enter(load))()
    leave()
    await admission.enter('query')
  })

  test('bodies have one budget, which an answer gives back', () => {
    const { admission, refused } = setUp({ httpBodiesBytes: 1_000 })
    const [first, second] = [admission.bodies.open(), admission.bodies.open()]
    first.hold(600)
    first.hold(700)
    expect(() => second.hold(301)).toThrow(/bodies/)
    expect(refused).toEqual(['bodies'])
    expect(admission.bodies.held).toBe(700)
    first.close()
    second.hold(1_000)
    second.close()
    expect(admission.bodies.held).toBe(0)
  })

  test('a loop that is late for a second refuses reads and queries, then events, then predictions', () => {
    for (const [lateMs, refusedOnes] of [
      [150, []],
      [250, ['query', 'read', 'manage']],
      [450, ['ingest', 'query', 'read', 'manage']],
      [850, ['predict', 'ingest', 'query', 'read', 'manage']],
    ] as const) {
      const { clock, setLateMs } = createLateClock(createManualClock())
      const { admission } = setUp({ loopDelayMs: 200 }, clock)
      setLateMs(lateMs)
      clock.advance(12_000)
      const told = loadClasses.filter((load) => !admission.hasRoom(load))
      expect(new Set(told), `${lateMs} ms`).toEqual(new Set(refusedOnes))
      // One timer in time, and it is over.
      setLateMs(0)
      clock.advance(1_000)
      expect(loadClasses.filter((load) => !admission.hasRoom(load))).toEqual([])
      admission.close()
    }
  })

  test('every route has a class; probes, metrics and streams wait in no line', () => {
    const classes = new Map(
      Object.entries(routes as Record<string, AnyRoute>).map(([id, route]) => [
        id,
        loadClassOf(route),
      ]),
    )
    const of = (load: string): string[] =>
      [...classes].flatMap(([id, one]) => (one === load ? [id] : []))
    expect(of('always').toSorted()).toEqual([
      'system/get-healthz',
      'system/get-livez',
      'system/get-metrics',
      'system/get-readyz',
      'system/get-status',
      'topics/stream-records',
    ])
    expect(of('query').toSorted()).toEqual(['models/list-features', 'sql/run-sql'])
    expect(classes.get('models/predict-rows')).toBe('predict')
    expect(classes.get('events/post-topic-events')).toBe('ingest')
    expect(classes.get('topics/list-records')).toBe('read')
    expect(classes.get('models/train-model')).toBe('manage')
  })
})
