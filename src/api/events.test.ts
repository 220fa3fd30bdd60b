/** Events over HTTP, against a real app: what is accepted is in the log, what is not is named. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReceiveAnswer } from './answers.ts'
import { ndjson, ratings, startSmallServer, type SmallServer } from './small-app.fixture.ts'

let small: SmallServer
beforeAll(async () => {
  small = await startSmallServer()
})
afterAll(() => small.stop())

const good = { userId: 1, movieId: 2, rating: 4, timestamp: 5 }
const NDJSON = { 'content-type': 'application/x-ndjson' }
const post = (body: unknown, headers = {}, query = '') =>
  small.call('POST', `/v1/topics/ratings/events${query}`, body, headers)

describe('accepted', () => {
  test('one event is in the log when the answer comes, at the offset that the answer names', async () => {
    const response = await post({ ...good, note: 'one' })
    expect(response.statusCode).toBe(202)
    const answer = response.json<ReceiveAnswer>()
    expect(answer).toMatchObject({ accepted: 1, duplicates: 0, rejected: [], rejectedCount: 0 })
    const [range] = answer.offsets
    const page = await small.call(
      'GET',
      `/v1/topics/ratings/records?partition=${range?.partition}&offset=${range?.first}&limit=1`,
    )
    expect(page.json()).toMatchObject({
      records: [
        { offset: range?.first, key: '1', value: { ...good, note: 'one' }, valueEncoding: 'json' },
      ],
    })
  })

  test('an array, lines and CSV are taken, packed or not', async () => {
    const rows = ratings(20)
    const csv = [
      'userId,movieId,rating,timestamp',
      ...rows.map((row) => Object.values(row).join(',')),
    ]
    const bodies: [unknown, Record<string, string>][] = [
      [rows, {}],
      [ndjson(rows), NDJSON],
      [csv.join('\n'), { 'content-type': 'text/csv; charset=utf-8' }],
      [gzipSync(ndjson(rows)), { ...NDJSON, 'content-encoding': 'gzip' }],
    ]
    for (const [body, headers] of bodies) {
      const response = await post(body, headers)
      expect(response.json()).toMatchObject({ accepted: 20, rejectedCount: 0 })
      expect(response.statusCode).toBe(202)
    }
  })

  test('the topic in the query works like the topic in the path', async () => {
    const response = await small.call('POST', '/v1/events?topic=ratings', good)
    expect(response.statusCode).toBe(202)
  })

  test('a topic that nobody declared is made by its first event, and its bytes come back as sent', async () => {
    const raw = '{"big":12345678901234567890,"x":1.10}'
    expect((await small.call('POST', '/v1/topics/free/events', raw)).statusCode).toBe(202)
    const page = await small.call('GET', '/v1/topics/free/records')
    expect(page.payload).toContain(`"value":${raw},`)
  })
})

describe('refused', () => {
  test('of many lines the bad ones are named with line and field, the good ones are stored', async () => {
    const lines = [
      JSON.stringify(good),
      JSON.stringify({ ...good, rating: '4' }),
      '{"userId":1',
      JSON.stringify({ ...good, extra: 1 }),
      JSON.stringify(good).replace('"userId":1', '"userId":9007199254740993'),
      JSON.stringify(good),
    ]
    const answer = (await post(lines.join('\n'), NDJSON)).json<ReceiveAnswer>()
    expect(answer).toMatchObject({ accepted: 2, rejectedCount: 4 })
    expect(answer.rejected.map(({ line, code }) => [line, code])).toEqual([
      [2, 'INGEST_INVALID_EVENT'],
      [3, 'INGEST_INVALID_JSON'],
      [4, 'INGEST_INVALID_EVENT'],
      [5, 'INGEST_UNSAFE_NUMBER'],
    ])
    expect(answer.rejected[0]?.errors[0]?.path).toBe('/rating')
    expect(answer.rejected[2]?.errors[0]?.path).toBe('/extra')
  })

  test.each([
    [{ ...good, rating: 9 }, 422, 'INGEST_INVALID_EVENT', '/rating'],
    [{ userId: 1, movieId: 2, timestamp: 5 }, 422, 'INGEST_INVALID_EVENT', '/rating'],
    [[{ ...good, userId: 'x' }], 422, 'INGEST_INVALID_EVENT', '/0/userId'],
    ['{"userId":1,"userId":2}', 422, 'INGEST_DUPLICATE_KEY', '/userId'],
    ['{"userId":1e400}', 422, 'INGEST_UNSAFE_NUMBER', '/userId'],
    ['{"__proto__":{}}', 422, 'INGEST_INVALID_EVENT', '/__proto__'],
    ['[1,2', 400, 'INGEST_INVALID_JSON', undefined],
    ['', 400, 'INGEST_INVALID_JSON', undefined],
    [Buffer.from([0x7b, 0xff, 0x7d]), 400, 'INGEST_INVALID_UTF8', undefined],
  ])(
    'a single event or array of which nothing is good is a problem: %j',
    async (body, status, code, path) => {
      const before = await small.ends()
      const response = await post(body)
      expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
      const problem = response.json<{
        code: string
        status: number
        errors?: { path: string }[]
      }>()
      expect([response.statusCode, problem.status, problem.code]).toEqual([status, status, code])
      if (path !== undefined) expect(problem.errors?.[0]?.path).toBe(path)
      expect(await small.ends()).toBe(before)
    },
  )

  test('with onError=dlq bad lines are dead letters with their original bytes', async () => {
    const bad = '{"userId": 1, "movieId": "two"}'
    const answer = await post(bad, NDJSON, '?onError=dlq')
    expect(answer.json()).toMatchObject({ accepted: 0, rejectedCount: 1 })
    expect(answer.statusCode).toBe(202)
    const letters = await small.call('GET', '/v1/topics/ratings/dead-letters')
    expect(letters.payload).toContain(`"value":${bad},`)
    expect(letters.json()).toMatchObject({
      records: [{ deadLetter: { stage: 'ingest', code: 'INGEST_INVALID_EVENT' } }],
    })
  })

  test.each([
    ['text/plain', 415],
    ['application/json; charset=utf-16', 415],
    ['multipart/form-data', 415],
  ])('content type %s is 415', async (type, status) => {
    const before = await small.ends()
    expect((await post(JSON.stringify(good), { 'content-type': type })).statusCode).toBe(status)
    expect(await small.ends()).toBe(before)
  })

  test('unknown coding, damaged gzip and a bomb are refused and store nothing', async () => {
    const before = await small.ends()
    const packed = gzipSync(ndjson(ratings(1000)))
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))
    const cases: [Buffer, string, number][] = [
      [packed, 'zstd', 415],
      [packed.subarray(0, 40), 'gzip', 400],
      [bomb, 'gzip', 413],
    ]
    for (const [body, coding, status] of cases) {
      const response = await post(body, { ...NDJSON, 'content-encoding': coding })
      expect([coding, response.statusCode]).toEqual([coding, status])
    }
    expect(await small.ends()).toBe(before)
  })

  test('a JSON body above its limit is 413, at the limit it is not', async () => {
    const limit = small.app.limits.jsonBodyBytes
    const event = JSON.stringify({ ...good, note: '' })
    const exact = event.replace('""', `"${'n'.repeat(limit - event.length)}"`)
    expect(Buffer.byteLength(exact)).toBe(limit)
    expect((await post(exact)).statusCode).toBe(202)
    const before = await small.ends()
    expect((await post(`${exact} `)).statusCode).toBe(413)
    expect(await small.ends()).toBe(before)
  })

  test("Millrace's own topics take no events", async () => {
    const before = await small.ends()
    const response = await small.call('POST', '/v1/topics/__millrace-registry/events', good)
    expect(response.statusCode).toBe(403)
    expect(await small.ends()).toBe(before)
  })
})

describe('ids', () => {
  test('an event with the same ce-id is a duplicate that names the first offset', async () => {
    const first = (await post(good, { 'ce-id': 'e-1' })).json<ReceiveAnswer>()
    const again = await post(good, { 'ce-id': 'e-1' })
    expect(again.statusCode).toBe(202)
    const { accepted, duplicates, duplicateOffsets } = again.json<ReceiveAnswer>()
    expect([accepted, duplicates]).toEqual([0, 1])
    expect(duplicateOffsets).toEqual(first.offsets)
  })

  test('a request that is sent again with its Idempotency-Key stores nothing', async () => {
    const body = ndjson(ratings(10))
    const headers = { ...NDJSON, 'idempotency-key': 'r-1' }
    expect((await post(body, headers)).json()).toMatchObject({ accepted: 10, duplicates: 0 })
    const before = await small.ends()
    expect((await post(body, headers)).json()).toMatchObject({ accepted: 0, duplicates: 10 })
    expect(await small.ends()).toBe(before)
  })

  test('the id of another event is 409, an id that is too long 422; neither stores anything', async () => {
    await post(good, { 'ce-id': 'e-2' })
    const before = await small.ends()
    const other = await post({ ...good, rating: 1 }, { 'ce-id': 'e-2' })
    expect([other.statusCode, other.json<{ code: string }>().code]).toEqual([
      409,
      'INGEST_ID_CONFLICT',
    ])
    for (const header of ['ce-id', 'idempotency-key']) {
      const long = await post(good, { [header]: 'x'.repeat(1_025) })
      expect([long.statusCode, long.payload.includes(`headers/${header}`)]).toEqual([422, true])
    }
    expect(await small.ends()).toBe(before)
  })
})

describe('sequences', () => {
  const mark = (first: number) => ({
    ...NDJSON,
    'millrace-sequence': 'file:a%20b.csv',
    'millrace-position': String(first),
  })

  test('a repeat stores nothing, and the position is told', async () => {
    const body = ndjson(ratings(10))
    expect((await post(body, mark(1))).json()).toMatchObject({ accepted: 10, duplicates: 0 })
    expect((await post(body, mark(1))).json()).toMatchObject({ accepted: 0, duplicates: 10 })
    expect((await post(body, mark(6))).json()).toMatchObject({ accepted: 5, duplicates: 5 })
    const told = await small.call('GET', '/v1/topics/ratings/sequences/file%3Aa%20b.csv')
    expect(told.json()).toMatchObject({ sequence: 'file:a b.csv', position: 15 })
  })

  test('half a mark, or a wrong one, is 422 and names the header', async () => {
    const body = ndjson(ratings(1))
    const wrong = [
      { 'millrace-sequence': 's' },
      { ...mark(0) },
      { 'millrace-position': '1' },
      { ...mark(1), 'millrace-sequence': '%zz' },
    ]
    for (const headers of wrong) {
      const response = await post(body, { ...NDJSON, ...headers })
      expect(response.statusCode).toBe(422)
      expect(response.payload).toContain('headers/millrace-')
    }
  })
})
