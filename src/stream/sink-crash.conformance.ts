/** S5: whatever ends the process, and whatever is lost of lake or boundaries, the files come out the same. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import type { BatchPolicy } from './batch.ts'
import { FAILPOINTS, type Failpoint } from './batch-writer.ts'
import { BATCHES_TOPIC } from './boundary-log.ts'
import {
  append,
  assertWhole,
  eventually,
  filesOf,
  inPlace,
  isCommitted,
  mixedEvents,
  readAll,
  type SinkPlace,
} from './sink-world.conformance.ts'

export function crashChecks(makePlace: () => Promise<SinkPlace>): ConformanceCheck[] {
  return [
    ...FAILPOINTS.map((failpoint) => ({
      guarantee: 'S5',
      name: `S5 a crash at "${failpoint}" leads to the same files`,
      run: inPlace(makePlace, (place) => crashAt(failpoint, place, makePlace)),
    })),
    {
      guarantee: 'S5',
      name: 'S5 a lost lake is written again, file for file',
      run: inPlace(makePlace, lostLake),
    },
    {
      guarantee: 'S5',
      name: 'S5 lost boundaries are read off the files',
      run: inPlace(makePlace, lostBoundaries),
    },
    {
      guarantee: 'S5',
      name: 'S5 a batch whose boundary is lost writes its dead letters once',
      run: inPlace(makePlace, lostBoundaryOfLetters),
    },
  ]
}

/** The reference run meets no crash; batches are cut by rows only, so both cut alike. */
async function crashAt(
  failpoint: Failpoint,
  place: SinkPlace,
  other: () => Promise<SinkPlace>,
): Promise<void> {
  const policy: BatchPolicy = { rows: 10 }
  const reached: Failpoint[] = []
  const first = await place.open({
    policy,
    failpoint: (name) => {
      reached.push(name)
      // The second batch stops here for ever: nothing after this instruction happens.
      const isHere = name === failpoint && reached.filter((one) => one === name).length === 2
      return isHere ? new Promise<void>(() => {}) : undefined
    },
  })
  await first.log.append(first.topic, mixedEvents(35))
  await eventually(() => reached.filter((name) => name === failpoint).length === 2)
  await first.abandon()
  const second = await place.open({ policy })
  await eventually(() => second.sink.batches().filter(isCommitted).length === 3)
  const files = filesOf(second.table)
  const letters = await readAll(second.log, second.deadLetterTopic)
  const numbers = second.sink.batches().map(({ number }) => number)
  await second.close()

  const reference = await other()
  try {
    const open = await reference.open({ policy })
    await open.log.append(open.topic, mixedEvents(35))
    await eventually(() => open.sink.batches().filter(isCommitted).length === 3)
    assert.deepEqual(numbers, [1, 2, 3])
    assert.deepEqual(files, filesOf(open.table))
    assert.equal(letters.length, (await readAll(open.log, open.deadLetterTopic)).length)
    await open.close()
  } finally {
    await reference.remove()
  }
}

async function lostLake(place: SinkPlace): Promise<void> {
  const policy: BatchPolicy = { rows: 50, idleMs: 1_000 }
  let open = await place.open({ policy })
  await append(open, 0, 120)
  await eventually(() => open.sink.open()?.rows === 20)
  place.clock.advance(1_000)
  await append(open, 120, 3)
  await open.sink.flush()
  const before = filesOf(open.table)
  await open.close()
  await place.wipeLake()
  open = await place.open({ policy: { rows: 7 } })
  assert.deepEqual(filesOf(open.table), before)
  assert.deepEqual(
    open.sink.batches().map(({ trigger, rows }) => [trigger, rows]),
    [
      ['rows', 50],
      ['rows', 50],
      ['idle', 20],
      ['flush', 3],
    ],
  )
  await open.close()
  await assertWhole(place, [123])
}

async function lostBoundaries(place: SinkPlace): Promise<void> {
  let open = await place.open({ policy: { rows: 10 } })
  await append(open, 0, 25)
  await open.sink.flush()
  await open.log.deleteTopic(BATCHES_TOPIC)
  await open.abandon()
  open = await place.open({ policy: { rows: 10 } })
  assert.deepEqual(
    open.sink.batches().map(({ number, rows }) => [number, rows]),
    [
      [1, 10],
      [2, 10],
      [3, 5],
    ],
  )
  await append(open, 25, 1)
  assert.equal((await open.sink.flush())?.number, 4)
  await open.close()
  await assertWhole(place, [26])
}

/** Its letters are there already, under a boundary that nobody remembers; cut otherwise, they are still found. */
async function lostBoundaryOfLetters(place: SinkPlace): Promise<void> {
  let isWritten = false
  const first = await place.open({
    policy: { rows: 20 },
    failpoint(name) {
      if (name !== 'dead-letters-written') return undefined
      isWritten = true
      return new Promise<void>(() => {})
    },
  })
  await first.log.append(first.topic, mixedEvents(20))
  await eventually(() => isWritten)
  await first.log.deleteTopic(BATCHES_TOPIC)
  await first.abandon()
  const second = await place.open({ policy: { rows: 7 } })
  await second.sink.flush()
  const letters = await readAll(second.log, second.deadLetterTopic)
  await second.close()
  assert.equal(letters.length, 4)
}
