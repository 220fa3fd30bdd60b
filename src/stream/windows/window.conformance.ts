/**
 * What every engine of windows must do, whichever log lies below it: W1 to W6 of `window.ts`, X1 to X4 of
 * `derived-stream.ts`. Free of a test runner: each check throws when the guarantee of its number is broken.
 */
import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../../core/index.ts'
import { MOST_EMPTY } from './window.ts'
import { windowCrashChecks } from './window-crash.conformance.ts'
import {
  inTwoPlaces,
  pass,
  results,
  send,
  words,
  WORDS,
  type Event,
  type OpenWindowPlace,
  type WindowPlace,
} from './window-world.conformance.ts'

export type { OpenWindowPlace, WindowPlace } from './window-world.conformance.ts'

/** `makePlace` gives a new, empty place each time. */
export function windowConformance(makePlace: () => Promise<WindowPlace>): ConformanceCheck[] {
  const check = (
    guarantee: string,
    name: string,
    body: (place: WindowPlace, other: WindowPlace) => Promise<void>,
  ): ConformanceCheck => ({
    guarantee,
    name: `${guarantee} ${name}`,
    run: () => inTwoPlaces(makePlace, body),
  })
  return [
    check('W1', 'counts a record in the window of its event time, whatever its place', anyOrder),
    check('W1', 'groups by keys, and knows sum, count, min, max and avg', keysAndAggregates),
    check('W2', 'S3.6: 8 s late with 10 s of lateness counts, 20 s late is counted as late', late),
    check('W3', 'gives the same results in whatever order partitions are read', partitionOrder),
    check('W4', 'a quiet partition holds no window back; one that talks does', quietPartition),
    check('W4', 'the last window closes although nothing comes', lastWindow),
    check('W5', 'S3.4: 20 times "Hello, World!" is 40, an empty window is 0', emptyWindow),
    check('W5', 'without the declaration an empty window gives nothing', noEmptyWindow),
    check('W5', 'a long silence is not filled with results', longSilence),
    check('W6', 'a wall clock that jumps changes nothing', wallClock),
    check('W6', 'a record from far ahead moves no watermark', farAhead),
    check('X4', 'what is no row is counted, once, also over a restart', invalid),
    ...windowCrashChecks(makePlace),
  ]
}

const hello = (at: number, partition = 0): { at: number; msg: string; partition: number } => ({
  at,
  msg: 'Hello, World!',
  partition,
})

async function closeAll(place: WindowPlace, open: OpenWindowPlace): Promise<void> {
  await pass(place, open, 60_000)
}

async function anyOrder(place: WindowPlace): Promise<void> {
  const open = await place.open({ ...WORDS, latenessMs: 20_000 })
  await send(open, [hello(12), hello(3), hello(25), hello(9), { at: 14, msg: '  one\ttwo three ' }])
  await closeAll(place, open)
  assert.deepEqual(await words(open), [
    [0, 4],
    [10, 5],
    [20, 2],
  ])
  await open.close()
}

async function keysAndAggregates(place: WindowPlace): Promise<void> {
  const of = { field: 'n' }
  const open = await place.open({
    ...WORDS,
    keys: ['user'],
    aggregates: {
      total: { kind: 'sum', of },
      low: { kind: 'min', of },
      high: { kind: 'max', of },
      mean: { kind: 'avg', of },
      rows: { kind: 'count' },
    },
  })
  await send(open, [
    { at: 1, user: 'b', n: 2 },
    { at: 2, user: 'a', n: -1.5, partition: 1 },
    { at: 3, user: 'b', n: 4 },
    { at: 4, user: 'a' },
    { at: 5, user: 'c' },
  ])
  await closeAll(place, open)
  assert.deepEqual(
    (await results(open)).map(({ fields }) => fields),
    [
      { user: 'a', total: -1.5, low: -1.5, high: -1.5, mean: -1.5, rows: 2 },
      { user: 'b', total: 6, low: 2, high: 4, mean: 3, rows: 2 },
      { user: 'c', total: 0, low: null, high: null, mean: null, rows: 1 },
    ],
  )
  await open.close()
}

async function late(place: WindowPlace): Promise<void> {
  const open = await place.open({ ...WORDS, latenessMs: 10_000 })
  await send(open, [hello(5), hello(19.9), hello(9), hello(33), hello(13), hello(25)])
  await closeAll(place, open)
  assert.deepEqual(await words(open), [
    [0, 4],
    [10, 2],
    [20, 2],
    [30, 2],
  ])
  const { dropped } = await open.stream.progress()
  assert.deepEqual(dropped, { late: 1, ahead: 0, invalid: 0 })
  await open.close()
}

/** The same records: one partition first and then the other, or both by turns, with a step whenever one is due. */
async function partitionOrder(place: WindowPlace, other: WindowPlace): Promise<void> {
  const left = Array.from({ length: 40 }, (_, index) => hello(index * 1.5 - (index % 3) * 4 + 10))
  const right = left.map((event, index) => ({ ...hello(event.at + (index % 5), 1), n: index }))
  const byTurns = left.map((event, index) => [event, right[index] ?? event])
  const found = await Promise.all([wordsIn(place, [left, right]), wordsIn(other, byTurns)])
  assert.deepEqual(found[1], found[0])
  assert.ok(found[0].length >= 5, JSON.stringify(found[0]))
}

async function wordsIn(
  place: WindowPlace,
  order: readonly (readonly Event[])[],
): ReturnType<typeof words> {
  const open = await place.open({ ...WORDS, latenessMs: 3_000 })
  for (const events of order) {
    await send(open, events)
    await open.stream.settle()
  }
  await closeAll(place, open)
  const all = await words(open)
  await open.close()
  return all
}

async function quietPartition(place: WindowPlace): Promise<void> {
  const open = await place.open(WORDS)
  await send(open, [hello(1), hello(1, 1)])
  await open.stream.settle()
  await send(open, [hello(12), hello(23)])
  await open.stream.settle()
  assert.deepEqual(await words(open), [], 'partition 1 has not come to the end of the window')
  place.clock.advance(4_000)
  await send(open, [hello(24)])
  await open.stream.settle()
  place.clock.advance(1_000)
  await open.stream.settle()
  assert.deepEqual(await words(open), [
    [0, 4],
    [10, 2],
  ])
  // It talks again, of a window that is closed.
  await send(open, [hello(2, 1), hello(26, 1)])
  await closeAll(place, open)
  assert.deepEqual((await words(open)).slice(2), [[20, 6]])
  assert.equal((await open.stream.progress()).dropped.late, 1)
  await open.close()
}

async function lastWindow(place: WindowPlace): Promise<void> {
  const open = await place.open({ ...WORDS, latenessMs: 2_000 })
  await send(open, [hello(4)])
  await pass(place, open, 7_999)
  assert.deepEqual(await words(open), [])
  await pass(place, open, 1)
  assert.deepEqual(await words(open), [[0, 2]])
  await open.close()
}

async function emptyWindow(place: WindowPlace): Promise<void> {
  const open = await place.open({ ...WORDS, empty: 'zero' })
  await send(
    open,
    Array.from({ length: 20 }, (_, index) => hello(index / 2)),
  )
  await send(open, [hello(34)])
  await pass(place, open, 6_000)
  assert.deepEqual(await words(open), [
    [0, 40],
    [10, 0],
    [20, 0],
    [30, 2],
  ])
  await pass(place, open, 10_000)
  assert.deepEqual((await results(open)).at(-1)?.fields, { words: 0, rows: 0 })
  assert.equal((await words(open)).length, 5)
  await open.close()
}

async function noEmptyWindow(place: WindowPlace): Promise<void> {
  const open = await place.open(WORDS)
  await send(open, [hello(1), hello(34)])
  await closeAll(place, open)
  assert.deepEqual(await words(open), [
    [0, 2],
    [30, 2],
  ])
  await open.close()
}

async function longSilence(place: WindowPlace): Promise<void> {
  const open = await place.open({ ...WORDS, empty: 'zero', aheadMs: 1e12 })
  const far = (MOST_EMPTY + 2) * 10
  await send(open, [hello(1), hello(far + 1), hello(far + 21)])
  await pass(place, open, 5_000)
  assert.deepEqual(await words(open), [
    [0, 2],
    [far, 2],
    [far + 10, 0],
  ])
  await open.close()
}

async function wallClock(place: WindowPlace): Promise<void> {
  const open = await place.open(WORDS)
  await send(open, [hello(1)])
  await open.stream.settle()
  place.clock.jump(-3_600_000)
  await send(open, [hello(2)])
  await open.stream.settle()
  place.clock.jump(365 * 86_400_000)
  await open.stream.settle()
  assert.deepEqual(await words(open), [])
  await closeAll(place, open)
  assert.deepEqual(await words(open), [[0, 4]])
  await open.close()
}

async function farAhead(place: WindowPlace): Promise<void> {
  const open = await place.open(WORDS)
  await send(open, [hello(1), hello(90_000), hello(2), hello(3)])
  await closeAll(place, open)
  assert.deepEqual(await words(open), [[0, 6]])
  assert.deepEqual((await open.stream.progress()).dropped, { late: 0, ahead: 1, invalid: 0 })
  await open.close()
}

async function invalid(place: WindowPlace): Promise<void> {
  let open = await place.open(WORDS)
  const bad = ['not json', '{"msg":"no time"}', '{"time":"soon"}', ''].map((text) => ({
    key: null,
    value: Buffer.from(text),
    headers: [],
    timestamp: 0,
    partition: 0,
  }))
  await open.log.append(open.from, bad)
  await send(open, [hello(1)])
  await closeAll(place, open)
  assert.deepEqual((await open.stream.progress()).dropped, { late: 0, ahead: 0, invalid: 4 })
  await open.close()
  open = await place.open(WORDS)
  await closeAll(place, open)
  assert.deepEqual((await open.stream.progress()).dropped, { late: 0, ahead: 0, invalid: 4 })
  assert.deepEqual(await words(open), [[0, 2]])
  await open.close()
}
