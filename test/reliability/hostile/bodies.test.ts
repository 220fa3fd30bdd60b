/**
 * H1 to H8, H10, H14, H17: hostile bodies by every way in: one JSON event, a line of NDJSON between good ones, a row of a file,
 * the JSON body of another route. The same verdict each time, in the words of a problem document, nothing stored, the process
 * up, and nothing else held up for longer than 50 ms.
 */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  datedTimes,
  doubledKeys,
  encodings,
  malformed,
  nested,
  numbers,
  prototypes,
  shapes,
  texts,
  times,
  type HostileCase,
} from './corpus.ts'
import { openHostileWorld, type Answered, type HostileWorld } from './world.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const EVENTS = '/v1/topics/things/events'
const NDJSON = { 'content-type': 'application/x-ndjson' }
const CSV = { 'content-type': 'text/csv' }
const GOOD = '{"id":"good"}'

let world: HostileWorld
beforeAll(async () => {
  world = await openHostileWorld()
})
afterAll(async () => {
  // After everything the process answers, and what it holds adds up.
  expect((await world.send(EVENTS, GOOD)).status).toBe(202)
  const ledger = await world.send('/v1/topics/things/ledger', undefined, {}, 'GET')
  expect(JSON.parse(ledger.payload)).toMatchObject({ difference: 0, balanced: true })
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
  await world.stop()
})

/** A refusal is a problem document with a code and a place, and says nothing of the value or of us. */
function expectProblem(answer: Answered, status: number, name: string): void {
  expect([answer.status, name], answer.payload.slice(0, 300)).toEqual([status, name])
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  expect(answer.code, name).toMatch(/^[A-Z0-9_]+$/)
  expect(answer.payload.length).toBeLessThan(20_000)
  expect(answer.payload).not.toMatch(/\bat .*\.[tj]s:\d+|node_modules|\/tmp\//)
}

const pathsOf = (payload: string): string[] =>
  ((JSON.parse(payload) as { errors?: { path: string }[] }).errors ?? []).map(({ path }) => path)

async function asOneEvent({ name, body, status, code, path }: HostileCase): Promise<void> {
  const before = await world.ends()
  const answer = await world.sendWatched(EVENTS, body)
  if (status === 202) {
    expect([answer.status, name], answer.payload).toEqual([202, name])
    const stored = (await world.records()).at(-1)?.value
    expect(Buffer.from(stored ?? []).equals(Buffer.from(body)), name).toBe(true)
    return
  }
  expectProblem(answer, status, name)
  if (code !== undefined) expect([answer.code, name]).toEqual([code, name])
  if (path !== undefined) expect(pathsOf(answer.payload), name).toContain(path)
  expect(await world.ends(), name).toBe(before)
}

const isOneLine = ({ body, code, status }: HostileCase): boolean =>
  (code !== undefined || status === 202) && !Buffer.from(body).includes(10)

interface Told {
  readonly accepted: number
  readonly rejected: readonly { index: number; code: string; errors: { path: string }[] }[]
}

/** All cases of a row as one body: each has its own verdict, and the good lines between are taken. */
async function asLines(cases: readonly HostileCase[]): Promise<void> {
  const lines = cases.filter(isOneLine)
  const bodies = lines.flatMap(({ body }) => [Buffer.from(body), Buffer.from(`\n${GOOD}\n`)])
  const answer = await world.sendWatched(EVENTS, Buffer.concat(bodies), NDJSON)
  expect(answer.status, answer.payload.slice(0, 300)).toBe(202)
  const { accepted, rejected } = JSON.parse(answer.payload) as Told
  const bad = lines.filter(({ status }) => status !== 202)
  expect(accepted).toBe(2 * lines.length - bad.length)
  expect(rejected.map(({ index, code }) => [lines[index / 2]?.name, code])).toEqual(
    bad.map(({ name, code }) => [name, code]),
  )
}

/** The same lines as a file: the bad ones are dead letters with their bytes. */
async function asFile(cases: readonly HostileCase[]): Promise<void> {
  const lines = cases.filter(isOneLine)
  const bodies = lines.flatMap(({ body }) => [Buffer.from(body), Buffer.from(`\n${GOOD}\n`)])
  const { accepted, letters } = await world.importFile('things.jsonl', Buffer.concat(bodies))
  const bad = lines.filter(({ status }) => status !== 202)
  expect(accepted).toBe(2 * lines.length - bad.length)
  expect(letters.map(({ value }) => Buffer.from(value ?? []).toString('latin1'))).toEqual(
    bad.map(({ body }) => Buffer.from(body).toString('latin1')),
  )
}

/** Routes with a JSON body refuse it too, whatever it is: no field of theirs is in it. */
async function asOtherBody(cases: readonly HostileCase[]): Promise<void> {
  for (const { name, body } of cases) {
    for (const url of ['/v1/sql', '/v1/topics']) {
      const answer = await world.sendWatched(url, body)
      expect([400, 413, 422], `${name}: ${answer.payload}`).toContain(answer.status)
      expectProblem(answer, answer.status, name)
    }
  }
}

const ROWS: readonly (readonly [title: string, cases: () => HostileCase[]])[] = [
  ['H1: malformed JSON', malformed],
  ['H2: bytes that are no UTF-8, halves of characters', encodings],
  ['H4: numbers that would not arrive as sent', numbers],
  ['H5: keys that occur twice', doubledKeys],
  ['H6: nesting', nested],
  ['H7: names of prototypes', prototypes],
  [`H8: wrong types and shapes (seed ${SEED})`, () => shapes(SEED)],
  ['H17: times', times],
]

describe.each(ROWS)('%s', (_title, make) => {
  const cases = make()
  test('as one event', async () => {
    for (const one of cases) await asOneEvent(one)
  })
  test('as lines of NDJSON', () => asLines(cases))
  test('as rows of a file', () => asFile(cases))
  test('as the body of other routes', () => asOtherBody(cases))
})

test('H17: a date is a real day and hour with a zone, between 1900 and 9999', async () => {
  const send = (at: string): Promise<Answered> =>
    world.send('/v1/topics/dated/events', JSON.stringify({ id: 'a', at }))
  for (const at of datedTimes.bad) expectProblem(await send(at), 422, at)
  for (const at of datedTimes.fine) expect([(await send(at)).status, at]).toEqual([202, at])
})

describe('H2: what says that it is no UTF-8', () => {
  test.each(['utf-16', 'latin1', 'iso-8859-1', 'utf-7', 'windows-1252', '"utf-16le"', 'x'])(
    'charset %s is 415',
    async (charset) => {
      for (const type of ['application/json', 'application/x-ndjson', 'text/csv']) {
        const answer = await world.send(EVENTS, GOOD, {
          'content-type': `${type}; charset=${charset}`,
        })
        expectProblem(answer, 415, charset)
      }
    },
  )
  test('one byte order mark is taken, two are not', async () => {
    const bom = '\ufeff'
    expect((await world.send(EVENTS, bom + GOOD)).status).toBe(202)
    expect((await world.send(EVENTS, bom + GOOD, NDJSON)).status).toBe(202)
    expectProblem(await world.send(EVENTS, bom + bom + GOOD), 400, 'two marks')
  })
})

describe('H3: sizes', () => {
  const sized = (bytes: number): string => {
    const shell = '{"id":"a","note":""}'
    return shell.replace('""}', `"${'n'.repeat(bytes - shell.length)}"}`)
  }
  test('one byte below the limit and the limit are taken, one more and ten times as much are 413', async () => {
    const limit = world.app.limits.jsonBodyBytes
    for (const bytes of [limit - 1, limit]) {
      expect((await world.sendWatched(EVENTS, sized(bytes))).status).toBe(202)
    }
    const before = await world.ends()
    for (const bytes of [limit + 1, 10 * limit]) {
      expectProblem(await world.sendWatched(EVENTS, sized(bytes)), 413, String(bytes))
      expectProblem(await world.sendWatched('/v1/sql', sized(bytes)), 413, String(bytes))
    }
    expect(await world.ends()).toBe(before)
  })
  test('a line above the limit is refused alone', async () => {
    const lines = `${GOOD}\n${sized(world.app.limits.lineBytes + 1)}\n${GOOD}\n`
    const answer = await world.sendWatched(EVENTS, lines, NDJSON)
    const { accepted, rejected } = JSON.parse(answer.payload) as Told
    expect([accepted, rejected.map(({ code }) => code)]).toEqual([2, ['INGEST_EVENT_TOO_LARGE']])
  })
  test('a hundred thousand keys, half a million items and ten thousand events are refused as too many', async () => {
    const keys = `{"id":"a",${Array.from({ length: 70_000 }, (_, at) => `"k${at}":1`).join()}}`
    const items = `[${'0,'.repeat(500_000)}0]`
    const events = `[${'{},'.repeat(300_000)}{}]`
    const before = await world.ends()
    expectProblem(await world.sendWatched(EVENTS, keys), 422, 'keys')
    for (const body of [items, events]) {
      expectProblem(await world.sendWatched(EVENTS, body), 413, 'items')
    }
    for (const body of [keys, items, events, `{"items":${items}}`]) {
      for (const url of ['/v1/sql', '/v1/models/like/predict', '/v1/estimates']) {
        expectProblem(await world.sendWatched(url, body), 422, url)
      }
    }
    expect(await world.ends()).toBe(before)
  })
  test('ten thousand events that are all wrong hold nobody up', async () => {
    const body = `[${Array.from({ length: 9_999 }, () => '{"n":"x"}').join()}]`
    expect((await world.sendWatched(EVENTS, body)).status).toBe(422)
    // Packed, so that it comes in pieces, as it does over a socket.
    const lines = gzipSync('{"n":"x"}\n'.repeat(100_000))
    const answer = await world.sendWatched(EVENTS, lines, { ...NDJSON, 'content-encoding': 'gzip' })
    expect(JSON.parse(answer.payload)).toMatchObject({ accepted: 0, rejectedCount: 100_000 })
  })
})

describe('H4, H5, H7: the cells and the header of a CSV body', () => {
  const csv = (header: string, ...rows: string[]): Promise<Answered> =>
    world.sendWatched(EVENTS, [header, ...rows, ''].join('\n'), CSV)

  test('a cell is of its type as it is written, or it is refused', async () => {
    const cells: [string, string][] = [
      ...['1.5', '9007199254740993', '1e400', 'NaN', '0x10', '1_000', 'true', ' 1', '٣', '"1 "'].map((text): [string, string] => ['n', text]),
      ...['1e400', '-1e400', '1e-400', 'NaN', 'Infinity', '0x10', '1,5', 'true', '1 '].map((text): [string, string] => ['x', text === '1,5' ? '"1,5"' : text]),
      ...['1.0', '9223372036854775808', 'x'].map((text): [string, string] => ['big', text]),
      ...['1', '0', 'yes', 'TRUE '].map((text): [string, string] => ['flag', text]),
    ] // prettier-ignore
    for (const [field, text] of cells) {
      const answer = await csv(`id,${field}`, `a,${text}`, 'b,')
      const { accepted, rejected } = JSON.parse(answer.payload) as Told
      expect([field, text, accepted, rejected[0]?.errors[0]?.path]).toEqual([
        field,
        text,
        1,
        `/${field}`,
      ])
    }
    const fine = await csv('id,n,x,big,flag', 'a,9007199254740991,0.1,9223372036854775807,true')
    expect(JSON.parse(fine.payload)).toMatchObject({ accepted: 1 })
    const text = Buffer.from((await world.records()).at(-1)?.value ?? []).toString()
    expect(text).toBe(
      '{"id":"a","n":9007199254740991,"x":0.1,"big":"9223372036854775807","flag":true}',
    )
  })

  test('a header with a name twice, an unknown one or one of a prototype is refused', async () => {
    const before = await world.ends()
    for (const header of [
      'id,id',
      'id,n,n',
      'id,__proto__',
      'id,constructor',
      'id,unknown',
      '',
      'id,',
    ]) {
      const answer = await csv(header, 'a,1')
      expect([400, 422], `${header}: ${answer.payload}`).toContain(answer.status)
    }
    expect(await world.ends()).toBe(before)
  })

  test('bytes that are no UTF-8 refuse their row', async () => {
    const rows = Buffer.concat([
      Buffer.from('id,note\na,'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('\nb,x\n'),
    ])
    const answer = await world.sendWatched(EVENTS, rows, CSV)
    const { accepted, rejected } = JSON.parse(answer.payload) as Told
    expect([accepted, rejected[0]?.code]).toEqual([1, 'INGEST_INVALID_UTF8'])
  })
})

describe(`H10: texts (seed ${SEED})`, () => {
  test('are stored and given back as they were sent, by every way', async () => {
    const all = texts(SEED)
    const lines = all.map((note, at) => JSON.stringify({ id: `t${at}`, note }))
    const first = (await world.records()).length
    const answer = await world.sendWatched(EVENTS, `${lines.join('\n')}\n`, NDJSON)
    expect(JSON.parse(answer.payload)).toMatchObject({ accepted: all.length, rejectedCount: 0 })
    const { accepted } = await world.importFile('texts.jsonl', `${lines.join('\n')}\n`)
    expect(accepted).toBe(all.length)
    const stored = (await world.records()).slice(first)
    expect(stored.map(({ value }) => Buffer.from(value ?? []).toString())).toEqual([
      ...lines,
      ...lines,
    ])
    for (let offset = first; offset < first + all.length; offset += 100) {
      const url = `/v1/topics/things/records?offset=${offset}&limit=100`
      const page = await world.send(url, undefined, {}, 'GET')
      const { records } = JSON.parse(page.payload) as {
        records: { value: { id: string; note: string } }[]
      }
      for (const { value } of records) {
        const [, at] = /^t(\d+)$/.exec(value.id) ?? []
        if (at !== undefined) expect(value.note).toBe(all[Number(at)])
      }
    }
  })
})

describe('H14: packed bodies', () => {
  const plain = `${GOOD}\n`.repeat(1_000)
  const packed = gzipSync(plain)
  const send = (body: Uint8Array, coding: string, url = EVENTS): Promise<Answered> =>
    world.sendWatched(url, body, { ...NDJSON, 'content-encoding': coding })

  test('gzip, deflate and br are unpacked, also of many members', async () => {
    const bodies: [Uint8Array, string][] = [
      [packed, 'gzip'],
      [deflateSync(plain), 'deflate'],
      [brotliCompressSync(plain), 'br'],
      [Buffer.concat(Array.from({ length: 1_000 }, () => gzipSync(`${GOOD}\n`))), 'gzip'],
    ]
    for (const [body, coding] of bodies) {
      const answer = await send(body, coding)
      expect(JSON.parse(answer.payload), coding).toMatchObject({ accepted: 1_000 })
    }
  })
  test('a gigabyte of spaces in a megabyte is 413; two codings, unknown ones and wrong labels are refused', async () => {
    const before = await world.ends()
    const rss = process.memoryUsage.rss()
    const bomb = Buffer.concat(
      Array.from({ length: 16 }, () => gzipSync(Buffer.alloc(64 * 1024 ** 2, ' '))),
    )
    for (const type of ['application/json', 'application/x-ndjson', 'text/csv']) {
      const headers = { 'content-type': type, 'content-encoding': 'gzip' }
      // Of CSV, the spaces are a name of the header.
      const answer = await world.sendWatched(EVENTS, bomb, headers)
      expectProblem(answer, type === 'text/csv' ? answer.status : 413, type)
      expect([400, 413]).toContain(answer.status)
    }
    expect(process.memoryUsage.rss() - rss).toBeLessThan(64 * 1024 ** 2)
    const refused: [Uint8Array, string, number][] = [
      [gzipSync(packed), 'gzip, gzip', 415],
      [packed, 'zstd', 415],
      [packed, 'compress', 415],
      [packed, '__proto__', 415],
      [packed, 'br', 400],
      [packed, 'deflate', 400],
      [Buffer.from(plain), 'gzip', 400],
      [packed.subarray(0, packed.length - 9), 'gzip', 400],
      [Buffer.concat([packed, Buffer.from('rubbish')]), 'gzip', 400],
    ]
    for (const [body, coding, status] of refused)
      expectProblem(await send(body, coding), status, coding)
    expectProblem(
      await world.send('/v1/sql', gzipSync('{}'), { 'content-encoding': 'gzip' }),
      415,
      'sql',
    )
    // A body that breaks off late may have stored whole groups before it; what it stored it said.
    expect((await world.ends()).length).toBe(before.length)
  })
})
