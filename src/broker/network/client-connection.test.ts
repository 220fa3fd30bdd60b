import { expect, test } from 'vitest'
import { createManualClock } from '../../testing/index.ts'
import { apiVersions } from '../apis/api-versions.ts'
import { fetch } from '../apis/fetch.ts'
import { produce } from '../apis/produce.ts'
import { makeBrokerWorld, type WorldOptions } from '../broker-world.testing.ts'
import { batchOf } from '../record-batch.testing.ts'
import { fetchRequest, produceOne, produceRequest } from '../requests.testing.ts'
import { frameRequest, readResponse } from '../wire-client.testing.ts'

const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
/** One turn of the event loop, so that sockets get their data. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const HALF_A_REQUEST = Buffer.from('000000ff0012', 'hex')

async function makeTimed(options: WorldOptions = {}) {
  const clock = createManualClock()
  const world = await makeBrokerWorld({ ...options, clock })
  await world.log.createTopic({ name: 't' })
  return { clock, world }
}

test('B9: a request that stops in the middle ends its connection', async () => {
  const { clock, world } = await makeTimed()
  await using _ = world
  const slow = await world.connect()
  const other = await world.connect()
  slow.write(HALF_A_REQUEST)
  await other.call(apiVersions, 0, software)
  const seen = { isClosed: false }
  void slow.closed().then(() => (seen.isClosed = true))
  let passedMs = 0
  for (; !seen.isClosed && passedMs < 120_000; passedMs += 5_000) {
    clock.advance(5_000)
    await other.call(apiVersions, 0, software)
  }
  expect(seen.isClosed).toBe(true)
  expect(passedMs).toBeGreaterThan(30_000)
  expect((await other.call(apiVersions, 0, software)).errorCode).toBe(0)
})

test('B9: a connection without requests is closed after the idle time, one that waits is not', async () => {
  const { clock, world } = await makeTimed()
  await using _ = world
  const idle = await world.connect()
  const waiting = await world.connect()
  await idle.call(apiVersions, 0, software)
  await waiting.call(apiVersions, 0, software)
  const timers = clock.pending()
  const id = waiting.send(fetch, 11, fetchRequest(0, { maxWaitMs: 20 * 60_000 }))
  while (clock.pending() === timers) await turn()
  clock.advance(11 * 60_000)
  await idle.closed()
  // A long poll is cut to a minute, and answered.
  const frame = await waiting.next()
  expect(readResponse(fetch, 11, id, frame!).errorCode).toBe(0)
})

test('B9: a client that does not read its answers is let go, and holds nobody up', async () => {
  const { clock, world } = await makeTimed()
  await using _ = world
  const producer = await world.connect()
  const value = 'x'.repeat(900_000)
  for (let sent = 0; sent < 8; sent++) await produceOne(producer, batchOf([value]))
  const stuck = await world.connect()
  stuck.pause()
  const all = fetchRequest(0, { maxBytes: 50_000_000, partitionMaxBytes: 50_000_000 })
  for (let sent = 0; sent < 50; sent++) stuck.send(fetch, 11, all)
  expect((await produceOne(producer, batchOf(['small']))).baseOffset).toBe(8)
  for (
    let rounds = 0;
    rounds < 100 && !world.lines.some((line) => line.includes('stopped'));
    rounds++
  ) {
    clock.advance(10_000)
    await produceOne(producer, batchOf(['y']))
  }
  expect(world.lines.some((line) => line.includes('stopped in the middle'))).toBe(true)
})

test('B9: a frame above the limit ends the connection, one at the limit does not', async () => {
  const { world } = await makeTimed({ limits: { frameBytes: 1_000 } })
  await using _ = world
  const client = await world.connect()
  const request = produceRequest([batchOf(['x'.repeat(800)])])
  const { topics } = await client.call(produce, 7, request)
  expect(topics[0]?.partitions[0]?.errorCode).toBe(0)
  client.send(produce, 7, produceRequest([batchOf(['x'.repeat(1_000)])]))
  await client.closed()
})

test('B9: connections above the limit are refused', async () => {
  const { world } = await makeTimed({ limits: { connections: 2 } })
  await using _ = world
  const [one, two] = [await world.connect(), await world.connect()]
  await one.call(apiVersions, 0, software)
  await two.call(apiVersions, 0, software)
  const three = await world.connect()
  await three.closed()
  expect((await one.call(apiVersions, 0, software)).errorCode).toBe(0)
})

test('B9: with little memory for requests, all are answered, one after the other', async () => {
  const { world } = await makeTimed({
    limits: { requestMemoryBytes: 20_000, pendingBytes: 8_000, fetchMemoryBytes: 1_000 },
  })
  await using _ = world
  const clients = await Promise.all(Array.from({ length: 10 }, () => world.connect()))
  const batch = batchOf(['x'.repeat(3_000)])
  for (const client of clients) {
    for (let sent = 0; sent < 10; sent++)
      client.send(produce, 7, produceRequest([batchOf(['x'.repeat(3_000)])]))
    client.send(fetch, 11, fetchRequest(0))
  }
  const answers = await Promise.all(
    clients.map(async (client) => {
      let count = 0
      for (; count < 11 && (await client.next()) !== undefined; count++);
      return count
    }),
  )
  expect(answers).toEqual(clients.map(() => 11))
  expect(batch.length).toBeGreaterThan(3_000)
})

test('requests cut at every byte are put together again', async () => {
  const { world } = await makeTimed()
  await using _ = world
  const client = await world.connect()
  const frame = frameRequest(apiVersions.spec, 3, 9, software)
  for (const byte of frame) {
    client.write(Uint8Array.of(byte))
    await turn()
  }
  const answer = await client.next()
  expect(readResponse(apiVersions, 3, 9, answer!).errorCode).toBe(0)
})
