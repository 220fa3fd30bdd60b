/** The ledger and the dead letters over HTTP, against a real app. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LedgerAnswer, LetterAnswer } from './answers.ts'
import { startSmallServer, type SmallServer } from './small-app.fixture.ts'

let small: SmallServer
beforeAll(async () => {
  small = await startSmallServer()
})
afterAll(() => small.stop())

const good = { userId: 1, movieId: 2, rating: 4, timestamp: 5 }
const LETTERS = '/v1/topics/ratings/dead-letters'
const post = (body: unknown, headers = {}, query = '') =>
  small.call('POST', `/v1/topics/ratings/events${query}`, body, headers)
const ledger = async (topic = 'ratings'): Promise<LedgerAnswer> =>
  (await small.call('GET', `/v1/topics/${topic}/ledger`)).json<LedgerAnswer>()

test('P9, A27: every event is in one place, at every step of its way', async () => {
  expect(await ledger()).toMatchObject({ received: 0, inLake: 0, difference: 0, balanced: true })
  await post([good, { ...good, rating: 9 }, good], { 'idempotency-key': 'a' })
  await post([good, { ...good, rating: 9 }, good], { 'idempotency-key': 'a' })
  await post({ ...good, rating: 9 }, {}, '?onError=dlq')
  const arrived = { received: 7, duplicates: 2, rejected: 2, deadLettered: 1, difference: 0 }
  expect(await ledger()).toMatchObject({ ...arrived, inLake: 0, inFlight: 2 })
  await small.call('POST', '/v1/flush', {})
  expect(await ledger()).toMatchObject({ ...arrived, inLake: 2, inFlight: 0 })
})

test('A5: a letter is shown, refused while it is bad, and lands once when it is mended', async () => {
  const letter = (await small.call('GET', `${LETTERS}/0`)).json<LetterAnswer>()
  expect(letter).toMatchObject({ id: 0, state: 'open', value: { ...good, rating: 9 } })
  const refused = await small.call('POST', `${LETTERS}/0/retry`)
  expect(refused.statusCode).toBe(422)
  expect(refused.json()).toMatchObject({
    code: 'INGEST_INVALID_EVENT',
    errors: [{ path: '/rating' }],
  })
  const fixed = { ...good, userId: 77 }
  for (const event of [fixed, undefined, fixed]) {
    const retried = await small.call('POST', `${LETTERS}/0/retry`, event)
    expect(retried.json()).toMatchObject({
      state: 'retried',
      landed: { offset: expect.any(Number) },
    })
  }
  await small.call('POST', '/v1/flush', {})
  expect(await ledger()).toMatchObject({
    received: 7,
    inLake: 3,
    deadLettered: 0,
    letters: { open: 0, retried: 1, dropped: 0 },
    difference: 0,
  })
  expect((await small.call('DELETE', `${LETTERS}/0`)).statusCode).toBe(409)
})

test('a dropped letter stays in the list and in the ledger', async () => {
  await post({ ...good, rating: 9 }, {}, '?onError=dlq')
  expect((await small.call('DELETE', `${LETTERS}/1`)).statusCode).toBe(204)
  const { records } = (await small.call('GET', LETTERS)).json<{ records: LetterAnswer[] }>()
  expect(records.map(({ id, state }) => [id, state])).toEqual([
    [0, 'retried'],
    [1, 'dropped'],
  ])
  expect((await small.call('POST', `${LETTERS}/1/retry`, good)).statusCode).toBe(409)
  expect(await ledger()).toMatchObject({ received: 8, deadLettered: 1, letters: { dropped: 1 } })
})

test('P9: a body that cannot be read is one refused event, of a topic that is there', async () => {
  const { received, rejected } = await ledger()
  for (const body of ['{"userId":1', '[1,2', Buffer.from([0x22, 0xff, 0x22]), '[{"userId":1},{]']) {
    expect((await post(body)).statusCode).toBe(400)
  }
  const after = await ledger()
  expect([after.received - received, after.rejected - rejected, after.difference]).toEqual([
    4, 4, 0,
  ])
  await small.call('POST', '/v1/topics/never-made/events', '{"x":')
  expect((await small.call('GET', '/v1/topics/never-made/ledger')).statusCode).toBe(404)
})

test('a topic without a table has its records stored', async () => {
  await small.call('POST', '/v1/topics/clicks/events', { x: 1 })
  expect(await ledger('clicks')).toMatchObject({ received: 1, stored: 1, difference: 0 })
  expect((await small.call('GET', '/v1/topics/nothing/ledger')).statusCode).toBe(404)
})
