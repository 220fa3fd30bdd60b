import { setImmediate } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { MillraceError, type Clock } from '../../core/index.ts'
import { openLog, type Log } from '../../log/index.ts'
import { createManualClock, type ManualClock } from '../../testing/index.ts'
import { createIngest } from '../create-ingest.ts'
import {
  lettersOf,
  moviesOf,
  rating,
  ratings,
  recordsOf,
  withAppend,
} from '../ingest-world.conformance.ts'
import type { EventSource, Ingest, Replay, ReplayOptions, ReplayProgress } from '../ingest.ts'
import { createTempFiles } from '../temp-files.conformance.ts'

const files = createTempFiles()
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})
afterAll(() => files.remove())

interface World {
  readonly log: Log
  readonly ingest: Ingest
  readonly clock: ManualClock
  /** Plays to the end, moving the clock only while the replay sleeps; gives its progress. */
  readonly play: (options: Partial<ReplayOptions>) => Promise<ReplayProgress>
  /** Runs the replay until `until` is true. */
  readonly start: (options: Partial<ReplayOptions>) => {
    readonly replay: Replay
    readonly run: (until: () => boolean) => Promise<void>
  }
}

async function openWorld(spoil: (log: Log) => Log = (log) => log): Promise<World> {
  const clock = createManualClock()
  let sleepers = 0
  const counting: Clock = {
    ...clock,
    sleep: async (delayMs, signal) => {
      sleepers++
      try {
        await clock.sleep(delayMs, signal)
      } finally {
        sleepers--
      }
    },
  }
  const log = await openLog({ dir: await files.folder(), cleanIntervalMs: 0 })
  const ingest = createIngest({ log: spoil(log), clock: counting })
  ingest.declare(ratings)
  open.push(log, ingest)
  const start: World['start'] = (options) => {
    const replay = ingest.replay({ topic: 'ratings', source: numbers(100), ...options })
    return {
      replay,
      async run(until) {
        while (replay.progress().state === 'running' && !until()) {
          if (sleepers > 0) clock.advance(1)
          await setImmediate()
        }
      },
    }
  }
  return {
    log,
    ingest,
    clock,
    start,
    play: async (options) => {
      const { replay, run } = start(options)
      await run(() => false)
      return replay.done
    },
  }
}

/** Ratings 1 … count, one second apart in event time; row 13 is bad when asked for. */
const numbers = (count: number, withBad = false): EventSource => ({
  id: `numbers-${count}`,
  total: count,
  async *events(from) {
    for (let at = from; at <= count; at++) {
      const text = withBad && at === 13 ? 'unlucky' : rating(at)
      yield [{ bytes: Buffer.from(text), position: at }]
    }
  },
})

const logFailure = (code: string, retryable: boolean): MillraceError =>
  new MillraceError(code, { status: 503, retryable, title: code }, code)

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

describe('replay', () => {
  it('keeps its rate within 5 %, and shows it', async () => {
    const { log, clock, start } = await openWorld()
    const began = clock.monotonic()
    const { replay, run } = start({ source: numbers(2_001), rate: 400, jitter: 0.5, seed: 3 })
    await run(() => replay.progress().position >= 1_500)
    expect(replay.progress().ratePerSecond).toBeGreaterThan(380)
    expect(replay.progress().ratePerSecond).toBeLessThan(420)
    await run(() => false)
    const rate = 2_000 / ((clock.monotonic() - began) / 1_000)
    expect(rate).toBeGreaterThan(380)
    expect(rate).toBeLessThan(420)
    expect(await moviesOf(log)).toEqual(upTo(2_001))
  })

  it('plays event time by its speed', async () => {
    const { clock, play } = await openWorld()
    const began = clock.monotonic()
    // 100 events, 99 s of event time.
    await play({ speed: 60 })
    expect(clock.monotonic() - began).toBeGreaterThanOrEqual(1_650)
    expect(clock.monotonic() - began).toBeLessThan(1_700)
  })

  it('stops after the append under way, and goes on where it stopped', async () => {
    const { log, ingest, start, play } = await openWorld()
    const { replay, run } = start({ rate: 100 })
    await run(() => replay.progress().position >= 40)
    await replay.stop()
    const stopped = await replay.done
    expect(stopped.state).toBe('stopped')
    expect(await moviesOf(log)).toEqual(upTo(stopped.position))
    const { position, accepted, duplicates } = await play({})
    expect([position, accepted, duplicates]).toEqual([100, 100 - stopped.position, 0])
    expect(await moviesOf(log)).toEqual(upTo(100))
    expect(ingest.replays()).toHaveLength(1)
    expect((await play({})).accepted).toBe(0)
  })

  it('stops at its limit, the next one goes on', async () => {
    const { log, play } = await openWorld()
    expect(await play({ limit: 30 })).toMatchObject({ state: 'stopped', position: 30 })
    expect(await play({ limit: 30 })).toMatchObject({ state: 'stopped', position: 60 })
    expect(await play({ limit: 0 })).toMatchObject({ position: 60, accepted: 0 })
    expect(await moviesOf(log)).toEqual(upTo(60))
  })

  it('dry, checks everything and stores nothing', async () => {
    const { log, play } = await openWorld()
    const progress = await play({ dryRun: true, source: numbers(100, true) })
    expect(progress).toMatchObject({ accepted: 99, deadLettered: 1, state: 'done' })
    expect(await log.topics()).toEqual([])
    expect(await play({ source: numbers(100, true) })).toMatchObject({
      accepted: 99,
      deadLettered: 1,
    })
    expect(await lettersOf(log, 'ratings')).toHaveLength(1)
  })

  it('waits out a full disk', async () => {
    let failures = 3
    const { log, play } = await openWorld((real) =>
      withAppend(real, async (topic, records) => {
        if (topic === 'ratings' && failures-- > 0) throw logFailure('LOG_STORAGE_FULL', true)
        return real.append(topic, records)
      }),
    )
    expect(await play({})).toMatchObject({ state: 'done', accepted: 100 })
    expect(await moviesOf(log)).toEqual(upTo(100))
  })

  it('ends with the error that does not pass, and says it', async () => {
    const { ingest, play } = await openWorld((real) =>
      withAppend(real, async (topic, records) => {
        if (topic === 'ratings') throw logFailure('LOG_RECORD_TOO_LARGE', false)
        return real.append(topic, records)
      }),
    )
    await expect(play({})).rejects.toThrow('LOG_RECORD_TOO_LARGE')
    expect(ingest.replays()).toMatchObject([{ state: 'failed', error: 'LOG_RECORD_TOO_LARGE' }])
  })

  it('refuses a second run of the same source at one time, and a content that changed', async () => {
    const { log, ingest, start } = await openWorld()
    const source = { ...numbers(100), fingerprint: 'one' }
    const { replay, run } = start({ source, rate: 100 })
    await run(() => replay.progress().position >= 10)
    expect(() => ingest.replay({ topic: 'ratings', source })).toThrow('is being replayed')
    await replay.stop()
    const count = (await recordsOf(log, 'ratings')).length
    const changed = ingest.replay({ topic: 'ratings', source: { ...source, fingerprint: 'two' } })
    await expect(changed.done).rejects.toMatchObject({ code: 'INGEST_SOURCE_CHANGED' })
    expect(await recordsOf(log, 'ratings')).toHaveLength(count)
  })

  it('needs a declared event time for speed', async () => {
    const { ingest } = await openWorld()
    expect(() => ingest.replay({ topic: 'other', source: numbers(1), speed: 2 })).toThrow(
      'declares none',
    )
  })
})
