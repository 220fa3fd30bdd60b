/** S6: a snapshot and the tail that continues it. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import {
  append,
  eventually,
  inPlace,
  isCommitted,
  type OpenPlace,
  type SinkPlace,
} from './sink-world.conformance.ts'

export function tailChecks(makePlace: () => Promise<SinkPlace>): ConformanceCheck[] {
  return [
    {
      guarantee: 'S6',
      name: 'S6 snapshot and tail hold each record once',
      run: inPlace(makePlace, tailing),
    },
    {
      guarantee: 'S6',
      name: 'S6 a long tail is committed first',
      run: inPlace(makePlace, longTail),
    },
  ]
}

async function tailing(place: SinkPlace): Promise<void> {
  const gate = openGate()
  let isHeld = false
  const open = await place.open({
    policy: { rows: 10 },
    failpoint: async (name) => {
      if (name !== 'lake-committed' || open.sink.batches().length < 2) return
      isHeld = true
      await gate.opened
    },
  })
  for (const [first, count] of [
    [0, 4],
    [4, 3],
    [7, 18],
  ] as const) {
    await append(open, first, count)
    await assertTail(open, first + count)
  }
  await eventually(() => isHeld)
  await append(open, 25, 9)
  await assertTail(open, 34)
  gate.open()
  await eventually(() => open.sink.batches().filter(isCommitted).length === 3)
  await assertTail(open, 34)
  await open.close()
}

async function longTail(place: SinkPlace): Promise<void> {
  const open = await place.open({ policy: { rows: 10_000 }, mostTailRecords: 100 })
  await append(open, 0, 99)
  assert.equal((await open.sink.tail()).rows.length, 99)
  assert.equal(open.sink.batches().length, 0)
  await append(open, 99, 99)
  const tail = await open.sink.tail()
  assert.deepEqual([tail.snapshot.rows, tail.rows.length], [198, 0])
  await open.close()
}

/** Every record that is durable at the call is in the snapshot's files or in the tail, once. */
async function assertTail(open: OpenPlace, total: number): Promise<void> {
  const { snapshot, rows, ends } = await open.sink.tail()
  const at = rows.columns.findIndex(({ name }) => name === '_offset')
  const tail = (rows.values[at] ?? []).map(Number)
  const history = snapshot.files.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  )
  assert.deepEqual(
    [...history, ...tail],
    Array.from({ length: total }, (_, offset) => offset),
  )
  assert.equal(ends.get(0), total)
}

function openGate(): { readonly opened: Promise<void>; open(): void } {
  let open: (() => void) | undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open?.() }
}
