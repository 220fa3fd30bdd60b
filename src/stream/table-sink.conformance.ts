/**
 * What every sink must do, whichever log and lake lie below it. Free of a test runner: each check is an async function
 * that throws when the guarantee of its number is broken.
 */
import assert from 'node:assert/strict'
import { readDeadLetter, type ConformanceCheck } from '../core/index.ts'
import type { BatchPolicy } from './batch.ts'
import { crashChecks } from './sink-crash.conformance.ts'
import { tailChecks } from './sink-tail.conformance.ts'
import {
  append,
  assertWhole,
  eventually,
  events,
  inPlace,
  isCommitted,
  pick,
  rawEvent,
  readAll,
  type SinkPlace,
} from './sink-world.conformance.ts'

export type { OpenOptions, OpenPlace, SinkPlace } from './sink-world.conformance.ts'

const COUNTED: BatchPolicy = { rows: 1000, idleMs: 30_000 }

/** `makePlace` gives a new, empty place each time. */
export function sinkConformance(makePlace: () => Promise<SinkPlace>): ConformanceCheck[] {
  const check = (
    guarantee: string,
    name: string,
    body: (place: SinkPlace) => Promise<void>,
  ): ConformanceCheck => ({
    guarantee,
    name: `${guarantee} ${name}`,
    run: inPlace(makePlace, body),
  })
  return [
    check('S1', '2,500 events become batches of 1000, 1000 and 500', countAndIdle),
    check('S1', 'records that are no rows are dead letters once', poison),
    check('S2', 'numbers go on after a restart', numbering),
    check('S3', 'a quiet topic closes its batch by the timer', quiet),
    check('S4', 'close writes the open batch', stopWrites),
    ...crashChecks(makePlace),
    ...tailChecks(makePlace),
  ]
}

async function countAndIdle(place: SinkPlace): Promise<void> {
  const open = await place.open({ policy: COUNTED })
  await append(open, 0, 2_500)
  await eventually(() => open.sink.batches().length === 2 && open.sink.open()?.rows === 500)
  place.clock.advance(29_999)
  assert.equal(open.sink.open()?.rows, 500)
  place.clock.advance(1)
  await eventually(() => open.sink.batches().filter(isCommitted).length === 3)
  assert.deepEqual(
    open.sink.batches().map(({ number, trigger, rows }) => [number, trigger, rows]),
    [
      [1, 'rows', 1000],
      [2, 'rows', 1000],
      [3, 'idle', 500],
    ],
  )
  const lag = (await open.log.groups()).flatMap(({ offsets }) => offsets.map((one) => one.lag))
  assert.ok(
    lag.every((records) => records === 0),
    `lag ${String(lag)}`,
  )
  await open.close()
  await assertWhole(place, [2_500])
}

async function poison(place: SinkPlace): Promise<void> {
  let open = await place.open({ policy: { rows: 10 } })
  const bad = ['not json', '{"n":"seven"}', '']
  await open.log.append(open.topic, [
    ...events(0, 6),
    ...bad.map((text) => rawEvent(text)),
    ...events(6, 1),
  ])
  await eventually(() => open.sink.batches().filter(isCommitted).length === 1)
  assert.deepEqual(pick(open.sink.batches()[0]), { rows: 7, deadLetters: 3, number: 1 })
  const [letters] = [await readAll(open.log, open.deadLetterTopic)]
  assert.deepEqual(
    letters.map(({ value }) => Buffer.from(value ?? []).toString()),
    bad,
  )
  for (const [index, letter] of letters.entries()) {
    const facts = readDeadLetter(letter.headers)
    assert.equal(facts?.stage, 'sink')
    assert.equal(facts.source, open.topic)
    assert.deepEqual([facts.partition, facts.offset], [0, 6 + index])
    assert.ok(facts.reason.length > 10 && facts.code.length > 3, JSON.stringify(facts))
  }
  await open.close()
  await place.wipeLake()
  open = await place.open({ policy: { rows: 10 } })
  assert.deepEqual(pick(open.sink.batches()[0]), { rows: 7, deadLetters: 3, number: 1 })
  assert.equal((await readAll(open.log, open.deadLetterTopic)).length, 3)
  await open.close()
}

async function numbering(place: SinkPlace): Promise<void> {
  for (let round = 0; round < 12; round++) {
    const open = await place.open({ policy: { rows: 1_000 } })
    await append(open, round * 3, 3)
    const batch = await open.sink.flush()
    assert.deepEqual([batch?.number, batch?.rows, batch?.trigger], [round + 1, 3, 'flush'])
    assert.equal(await open.sink.flush(), undefined)
    await open.close()
  }
  const open = await place.open({ policy: { rows: 1_000 } })
  assert.deepEqual(
    open.sink.batches().map(({ number }) => number),
    Array.from({ length: 12 }, (_, index) => index + 1),
  )
  await open.close()
}

async function quiet(place: SinkPlace): Promise<void> {
  const open = await place.open({ policy: { rows: 1_000, everyMs: 5_000 } })
  await append(open, 0, 1)
  await eventually(() => open.sink.open()?.rows === 1)
  place.clock.jump(-3_600_000)
  place.clock.advance(4_999)
  assert.equal(open.sink.batches().length, 0)
  place.clock.advance(1)
  await eventually(() => open.sink.batches().filter(isCommitted).length === 1)
  assert.equal(open.sink.batches()[0]?.trigger, 'time')
  await open.close()
}

async function stopWrites(place: SinkPlace): Promise<void> {
  const open = await place.open({ policy: COUNTED })
  await append(open, 0, 7)
  await open.close()
  assert.equal(open.sink.batches().at(-1)?.trigger, 'stop')
  assert.equal((await place.readLake()).length, 7)
}
