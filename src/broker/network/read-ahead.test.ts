import { expect, test } from 'vitest'
import { createManualClock } from '../../testing/index.ts'
import { apiVersions } from '../apis/api-versions.ts'
import { makeBrokerWorld, type BrokerWorld } from '../broker-world.testing.ts'
import { batchOf } from '../record-batch.testing.ts'
import { fetchOne, produceOne } from '../requests.testing.ts'
import type { WireClient } from '../wire-client.testing.ts'

/** Each batch has one record of so many bytes; a fetch of PIECE has room for three of them. */
const VALUE_BYTES = 100_000
const PIECE = { partitionMaxBytes: 350_000 }
const ALL = { maxBytes: 8_000_000, partitionMaxBytes: 8_000_000 }
const BATCHES = 30
const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }

const valueAt = (index: number, what: string): string =>
  `${what} ${index} `.padEnd(VALUE_BYTES, String.fromCodePoint(97 + (index % 26)))

async function fill(client: WireClient, what: string): Promise<void> {
  for (let index = 0; index < BATCHES; index++) {
    await produceOne(client, batchOf([valueAt(index, what)]))
  }
}

async function makeFilled(world: BrokerWorld): Promise<WireClient> {
  await world.log.createTopic({ name: 't' })
  const client = await world.connect()
  await fill(client, 'first')
  return client
}

/** The next piece, and the offset behind it: every batch is one record. */
async function readOn(client: WireClient, offset: number) {
  const { errorCode, records } = await fetchOne(client, offset, PIECE)
  const bytes = Buffer.from(records ?? [])
  let next = offset
  for (let at = 0; at < bytes.length; next++) at += 12 + bytes.readInt32BE(at + 8)
  return { errorCode, bytes, next }
}

test('B4: clients that read on side by side get every stored byte', async () => {
  await using world = await makeBrokerWorld()
  const filler = await makeFilled(world)
  const { records } = await fetchOne(filler, 0, ALL)
  const whole = Buffer.from(records!)
  for (let index = 0; index < BATCHES; index++) {
    expect(whole.includes(valueAt(index, 'first'))).toBe(true)
  }
  const readers = await Promise.all(
    Array.from({ length: 3 }, async () => ({
      client: await world.connect(),
      next: 0,
      pieces: [] as Buffer[],
    })),
  )
  while (readers.some(({ next }) => next < BATCHES)) {
    for (const reader of readers) {
      const piece = await readOn(reader.client, reader.next)
      expect(piece.errorCode).toBe(0)
      reader.pieces.push(piece.bytes)
      reader.next = piece.next
    }
  }
  for (const { pieces } of readers) {
    expect(pieces.length).toBe(BATCHES / 3)
    expect(Buffer.concat(pieces).equals(whole)).toBe(true)
  }
})

test('B4: what was read ahead of a topic is not served for another one of its name', async () => {
  await using world = await makeBrokerWorld()
  const client = await makeFilled(world)
  const { next } = await readOn(client, 0)
  await world.log.deleteTopic('t')
  await world.log.createTopic({ name: 't' })
  await fill(client, 'second')
  let found = await readOn(client, next)
  // The first one may hear that the topic is gone.
  if (found.errorCode !== 0) found = await readOn(client, next)
  expect(found.bytes.includes(valueAt(next, 'second'))).toBe(true)
  expect(found.bytes.includes('first')).toBe(false)
})

test('B9: what nobody asks for is held for a moment, and not longer than its connection', async () => {
  const clock = createManualClock()
  await using world = await makeBrokerWorld({ clock })
  const filler = await makeFilled(world)
  const before = clock.pending()
  const reader = await world.connect()
  await readOn(reader, 0)
  // Answered after the work behind the answer before it.
  await reader.call(apiVersions, 3, software)
  expect(clock.pending()).toBe(before + 1)
  clock.advance(1_000)
  expect(clock.pending()).toBe(before)
  const { next, bytes } = await readOn(reader, 3)
  expect([next, bytes.includes(valueAt(5, 'first'))]).toEqual([6, true])
  await reader.call(apiVersions, 3, software)
  expect(clock.pending()).toBe(before + 1)
  reader.end()
  while (clock.pending() > before) await filler.call(apiVersions, 3, software)
})

test('B9: without memory for reading ahead, nothing is, and the answers are the same', async () => {
  const clock = createManualClock()
  await using world = await makeBrokerWorld({ clock, limits: { readAheadBytes: 0 } })
  const client = await makeFilled(world)
  const before = clock.pending()
  for (let offset = 0; offset < BATCHES; offset += 3) {
    const { next, bytes } = await readOn(client, offset)
    expect([next, bytes.includes(valueAt(offset + 2, 'first'))]).toEqual([offset + 3, true])
  }
  await client.call(apiVersions, 3, software)
  expect(clock.pending()).toBe(before)
})
