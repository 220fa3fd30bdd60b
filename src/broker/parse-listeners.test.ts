import { expect, test } from 'vitest'
import { makeBrokerWorld } from './broker-world.testing.ts'
import { metadata } from './apis/metadata.ts'
import { parseListeners } from './parse-listeners.ts'
import { metadataRequest } from './requests.testing.ts'
import { WireClient } from './wire-client.testing.ts'

test('names tie a port to what its clients are told', () => {
  expect(
    parseListeners(
      'INSIDE://0.0.0.0:29092, HOST://[::1]:9092,OWN://:0',
      'HOST://localhost:9093,INSIDE://kafka:29092',
    ),
  ).toEqual([
    { host: '0.0.0.0', port: 29_092, advertised: { host: 'kafka', port: 29_092 } },
    { host: '::1', port: 9_092, advertised: { host: 'localhost', port: 9_093 } },
    { port: 0 },
  ])
})

test.each([
  ['127.0.0.1:9092', '', 'write NAME://host:port'],
  ['A://x:99999', '', 'write NAME://host:port'],
  ['A://x:1,A://y:2', '', 'A is there twice'],
  ['SASL_SSL://x:1', '', 'speaks PLAINTEXT'],
  ['A://x:1', 'B://y:2', 'B is not one of the listeners (A)'],
  ['A://x:1', 'A://0.0.0.0:2', 'no address that a client can connect to'],
  ['A://x:1', 'A://:2', 'write NAME://host:port'],
])('%s with %s is refused: %s', (listeners, advertised, reason) => {
  expect(() => parseListeners(listeners, advertised)).toThrow(reason)
})

test('each port tells its own address, and counts into one limit of connections', async () => {
  const listeners = parseListeners('IN://127.0.0.1:0,OUT://127.0.0.2:0', 'IN://kafka:29092')
  await using world = await makeBrokerWorld({ listeners, limits: { connections: 2 } })
  const inside = await (await world.connect()).call(metadata, 4, metadataRequest([]))
  expect(inside.brokers).toMatchObject([{ host: 'kafka', port: 29_092 }])
  const [, second] = world.broker.addresses
  const other = await WireClient.connect(second?.port ?? 0, '127.0.0.2')
  const outside = await other.call(metadata, 4, metadataRequest([]))
  expect(outside.brokers).toMatchObject([{ host: '127.0.0.2', port: second?.port }])
  const third = await world.connect()
  await third.closed()
  expect(world.lines.some((line) => line.startsWith('too many Kafka clients'))).toBe(true)
  other.end()
})
