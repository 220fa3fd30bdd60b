import { createServer } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { openBroker } from './open-broker.ts'
import { makeBrokerWorld } from './broker-world.testing.ts'
import { metadata } from './apis/metadata.ts'
import { metadataRequest } from './requests.testing.ts'

test('a port that is taken is named, with the ways to choose another', async () => {
  await using world = await makeBrokerWorld()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const opening = openBroker({ log: world.log, port })
  await expect(opening).rejects.toMatchObject({ code: 'BROKER_PORT_IN_USE' })
  await expect(opening).rejects.toThrow(
    new RegExp(`port ${port} .*--broker-port or MILLRACE_BROKER_PORT`),
  )
  server.close()
})

test('other machines are let in only when that is said', async () => {
  await using world = await makeBrokerWorld()
  const open = (allowRemote: boolean) =>
    openBroker({ log: world.log, host: '0.0.0.0', port: 0, allowRemote })
  await expect(open(false)).rejects.toMatchObject({ code: 'BROKER_NOT_LOOPBACK' })
  const broker = await open(true)
  await broker.close()
})

test('a log without stored batches cannot be served', async () => {
  await using world = await makeBrokerWorld()
  const log = new Proxy(world.log, {
    get: (target, name) => (name === 'wire' ? undefined : (Reflect.get(target, name) as unknown)),
  })
  await expect(openBroker({ log, port: 0 })).rejects.toMatchObject({
    code: 'BROKER_NO_STORED_BATCHES',
  })
})

test('clients are told the advertised address, or the one that they came to', async () => {
  await using plain = await makeBrokerWorld()
  const own = await (await plain.connect()).call(metadata, 4, metadataRequest([]))
  expect(own.brokers).toMatchObject([{ host: '127.0.0.1', port: plain.broker.port }])
  const advertised = { host: 'kafka.example.org', port: 19_092 }
  await using other = await makeBrokerWorld({ advertised })
  const told = await (await other.connect()).call(metadata, 4, metadataRequest([]))
  expect(told.brokers).toMatchObject([advertised])
})

test('the cluster keeps its id', async () => {
  await using world = await makeBrokerWorld()
  const read = async () =>
    (await (await world.connect()).call(metadata, 4, metadataRequest([]))).clusterId
  const before = await read()
  expect(before).toMatch(/^[\w-]{22}$/)
  await world.reopen('closed')
  expect(await read()).toBe(before)
})

test('B10: close ends every connection, is idempotent and leaves the log open', async () => {
  await using world = await makeBrokerWorld()
  const client = await world.connect()
  await world.broker.close()
  await world.broker.close()
  await client.closed()
  expect(await world.log.topics()).toHaveLength(1)
})
