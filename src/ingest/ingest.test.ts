import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { columnsOf, defaultLimits, type Logger } from '../core/index.ts'
import { openLog, type Log } from '../log/index.ts'
import { createManualClock } from '../testing/index.ts'
import { createIngest, type IngestOptions } from './create-ingest.ts'
import { ingestConformance } from './ingest.conformance.ts'
import {
  body,
  headerOf,
  lettersOf,
  rating,
  ratings,
  recordsOf,
  textsOf,
} from './ingest-world.conformance.ts'
import type { Ingest } from './ingest.ts'
import { createTempFiles } from './temp-files.conformance.ts'

const files = createTempFiles()
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})
afterAll(() => files.remove())

async function openWorld(
  options: Partial<IngestOptions> = {},
): Promise<{ log: Log; ingest: Ingest }> {
  const log = await openLog({ dir: await files.folder(), cleanIntervalMs: 0 })
  const ingest = createIngest({ log, ...options })
  ingest.declare(ratings)
  open.push(log, ingest)
  return { log, ingest }
}

describe('ingest conformance', () => {
  const checks = ingestConformance({
    async open() {
      const { log, ingest } = await openWorld()
      return {
        log,
        ingest,
        reopen(spoil = (same) => same) {
          const next = createIngest({ log: spoil(log) })
          next.declare(ratings)
          return next
        },
      }
    },
  })
  for (const check of checks) it(`${check.guarantee}: ${check.name}`, check.run)
})

describe('the window of ids', () => {
  const send = (ingest: Ingest, id: string) =>
    ingest.receive('ratings', body(rating(1)), { format: 'json', source: 'http', envelope: { id } })

  it.each(['the same process', 'a restart'])('ends by time, with %s', async (what) => {
    const clock = createManualClock(Date.UTC(2026, 1, 1))
    const limits = { ...defaultLimits, dedupeWindowMs: 60_000 }
    const { log, ingest } = await openWorld({ clock, limits })
    const next = (): Ingest =>
      what === 'a restart' ? createIngest({ log, clock, limits }) : ingest
    await send(ingest, 'a')
    clock.advance(59_000)
    expect((await send(next(), 'a')).duplicates).toBe(1)
    clock.advance(2_000)
    expect((await send(next(), 'a')).accepted).toBe(1)
    expect((await send(next(), 'a')).duplicates).toBe(1)
  })

  it('ends by number', async () => {
    const { ingest } = await openWorld({ limits: { ...defaultLimits, dedupeIds: 3 } })
    for (const id of ['a', 'b', 'c', 'd']) await send(ingest, id)
    expect((await send(ingest, 'b')).duplicates).toBe(1)
    expect((await send(ingest, 'a')).accepted).toBe(1)
  })
})

describe('records', () => {
  it('have key, event time and a CloudEvents envelope', async () => {
    const clock = createManualClock(Date.UTC(2026, 1, 1))
    const { log, ingest } = await openWorld({ clock })
    await ingest.receive('ratings', body(rating(1, 77)), {
      format: 'json',
      source: 'http',
      envelope: { id: 'my-id', traceparent: '00-1-2-03' },
    })
    await ingest.receive('ratings', body('{"userId":1,"movieId":1,"rating":4}'), {
      format: 'json',
      source: 'http',
    })
    const [first, second] = await recordsOf(log, 'ratings')
    expect(Buffer.from(first!.key!).toString()).toBe('77')
    expect(first!.timestamp).toBe(964_982_704_000)
    const headers = Object.fromEntries(
      first!.headers.map(({ key }) => [key, headerOf(first!, key)]),
    )
    expect(headers).toEqual({
      ce_specversion: '1.0',
      ce_id: 'my-id',
      ce_source: 'http',
      ce_type: 'ratings',
      ce_time: '2000-07-30T18:45:04.000Z',
      traceparent: '00-1-2-03',
      millrace_arrived: String(clock.now()),
    })
    // Without an event time, the arrival.
    expect(second!.timestamp).toBe(clock.now())
    expect(headerOf(second!, 'ce_id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('of one call have different ids', async () => {
    const { log, ingest } = await openWorld()
    const envelope = { id: 'call' }
    await ingest.receive('ratings', body(`[${rating(1)},${rating(2)}]`), {
      format: 'json',
      source: 'http',
      envelope,
    })
    const ids = (await recordsOf(log, 'ratings')).map((record) => headerOf(record, 'ce_id'))
    expect(ids).toEqual(['call:0', 'call:1'])
  })
})

describe('topics that nobody declared', () => {
  it('are made on first use with one partition, said once, and take any bytes', async () => {
    const said: string[] = []
    const logger = { info: (_: object, message: string) => said.push(message) } as unknown as Logger
    const { log, ingest } = await openWorld({ logger })
    for (const text of ['{"a":9007199254740993,"a":2}\nhello', 'again']) {
      await ingest.receive('fresh', body(text), { format: 'ndjson', source: 'http' })
    }
    expect(await textsOf(log, 'fresh')).toEqual(['{"a":9007199254740993,"a":2}', 'hello', 'again'])
    expect((await log.topic('fresh')).partitions).toHaveLength(1)
    expect(said).toEqual(['topic created on first use'])
  })

  it('are refused when creation is off, and ours always', async () => {
    const { ingest } = await openWorld({ createsTopics: false })
    const send = (topic: string) =>
      ingest.receive(topic, body('{}'), { format: 'json', source: 'http' })
    await expect(send('fresh')).rejects.toMatchObject({ code: 'LOG_UNKNOWN_TOPIC' })
    for (const topic of ['__millrace-sequences', 'ratings.dead-letters', '../x', 'a b', '']) {
      await expect(send(topic)).rejects.toMatchObject({ code: 'CORE_INVALID_NAME' })
    }
  })
})

describe('bodies', () => {
  const code = async (text: string | Uint8Array, format: 'json' | 'ndjson' | 'csv' = 'json') => {
    const { log, ingest } = await openWorld()
    const failure = await ingest.receive('ratings', body(text), { format, source: 'http' }).then(
      (answer) => answer.rejected.map((one) => one.code).join(),
      (error: { code: string }) => error.code,
    )
    expect(await recordsOf(log, 'ratings')).toEqual([])
    return failure
  }

  it('that are no JSON fail as a whole, cut at any byte', async () => {
    const text = `[${rating(1)},{"userId":2,"movieId":3,"rating":[1,"\\u00e9"]}]`
    for (let cut = 0; cut < text.length; cut += 3) {
      expect(await code(text.slice(0, cut)), `cut at ${cut}`).toBe('INGEST_INVALID_JSON')
    }
    for (const bad of [
      '',
      ' \n',
      '[,]',
      '[1,]',
      '[1 2]',
      '{} {}',
      "{'a':1}",
      '// x\n{}',
      'NaN',
      '[1]]',
      '{"a":01}',
      '{"a":1,}',
    ]) {
      expect(await code(bad), bad).toBe('INGEST_INVALID_JSON')
    }
  })

  it.each([
    ['42', 'INGEST_INVALID_EVENT'],
    ['"text"', 'INGEST_INVALID_EVENT'],
    ['null', 'INGEST_INVALID_EVENT'],
    ['[[]]', 'INGEST_INVALID_EVENT'],
    ['{}', 'INGEST_INVALID_EVENT'],
    ['{"userId":1,"movieId":2,"rating":4,"more":1}', 'INGEST_INVALID_EVENT'],
    ['{"userId":1,"movieId":2,"rating":4,"__proto__":{}}', 'INGEST_INVALID_EVENT'],
    ['{"userId":1,"movieId":2,"rating":4,"note":"\\ud800"}', 'INGEST_INVALID_EVENT'],
    ['{"userId":1,"movieId":2,"rating":9}', 'INGEST_INVALID_EVENT'],
    ['{"userId":1,"movieId":2,"rating":4,"timestamp":99999999999999999}', 'INGEST_UNSAFE_NUMBER'],
    ['{"userId":1,"movieId":2,"rating":4,"timestamp":9999999999999999}', 'INGEST_UNSAFE_NUMBER'],
    ['{"userId":1,"movieId":2,"rating":4,"timestamp":999999999999999}', 'INGEST_INVALID_EVENT'],
    ['{"userId":1,"user\\u0049d":1}', 'INGEST_DUPLICATE_KEY'],
    [`{"note":${'['.repeat(33)}${']'.repeat(33)}}`, 'INGEST_TOO_DEEP'],
    ['['.repeat(500_000), 'INGEST_TOO_DEEP'],
  ])('event %# is refused with its code, and nothing is stored', async (text, expected) => {
    expect(await code(text)).toBe(expected)
  })

  it('S4.11, trap 13: an integer is fine where a double is declared', async () => {
    const { log, ingest } = await openWorld()
    const text = '{"userId":1,"movieId":2,"rating":4}'
    expect(
      (await ingest.receive('ratings', body(text), { format: 'json', source: 'http' })).accepted,
    ).toBe(1)
    expect(await textsOf(log, 'ratings')).toEqual([text])
    expect(Object.prototype).not.toHaveProperty('polluted')
  })

  it('with bytes that are not UTF-8 fail as a whole when JSON, by line when NDJSON', async () => {
    const bad = Buffer.concat([
      Buffer.from('{"note":"'),
      Buffer.from([0xc0, 0xaf]),
      Buffer.from('"}'),
    ])
    expect(await code(bad)).toBe('INGEST_INVALID_UTF8')
    expect(await code(bad, 'ndjson')).toBe('INGEST_INVALID_UTF8')
  })

  it('beyond the limit end at the limit', async () => {
    const limits = {
      ...defaultLimits,
      jsonBodyBytes: 10_000,
      streamBodyBytes: 20_000,
      lineBytes: 1_000,
      recordBytes: 500,
    }
    const { log, ingest } = await openWorld({ limits })
    let pulled = 0
    async function* endless() {
      for (;;) {
        pulled += 1_000
        yield Buffer.alloc(1_000, ' ')
      }
    }
    for (const [format, limit] of [
      ['json', 10_000],
      ['ndjson', 20_000],
    ] as const) {
      pulled = 0
      await expect(
        ingest.receive('ratings', endless(), { format, source: 'http' }),
      ).rejects.toMatchObject({
        code: 'INGEST_BODY_TOO_LARGE',
      })
      expect(pulled).toBe(limit + 1_000)
    }
    const long = `{"note":"${'x'.repeat(600)}"}`
    const answer = await ingest.receive(
      'ratings',
      body(`${long}\n${'y'.repeat(5_000)}\n${rating(1)}`),
      {
        format: 'ndjson',
        source: 'http',
      },
    )
    expect(answer.rejected.map((one) => [one.line, one.code])).toEqual([
      [1, 'INGEST_EVENT_TOO_LARGE'],
      [2, 'INGEST_EVENT_TOO_LARGE'],
    ])
    expect(answer.accepted).toBe(1)
    expect(await recordsOf(log, 'ratings')).toHaveLength(1)
  })

  it('with an event too large for a record put what fits into the dead letters', async () => {
    const { log, ingest } = await openWorld({ limits: { ...defaultLimits, recordBytes: 100 } })
    const large = `{"note":"${'x'.repeat(200)}"}`
    const answer = await ingest.receive('ratings', body(`${large}\n${rating(1)}`), {
      format: 'ndjson',
      source: 'http',
      onError: 'dlq',
    })
    expect([answer.accepted, answer.deadLettered]).toEqual([1, 1])
    const [letter] = await lettersOf(log, 'ratings')
    expect(Buffer.from(letter!.value!).toString()).toBe(large.slice(0, 100))
    expect(headerOf(letter!, 'dl_reason')).toContain(`cut from ${large.length} bytes`)
  })

  it('in CSV need a header of the topic’s columns, and name the row that is wrong', async () => {
    expect(await code('', 'csv')).toBe('INGEST_INVALID_BODY')
    expect(await code('userId,movieId\n1,2\n', 'csv')).toBe('INGEST_INVALID_BODY')
    expect(await code('userId,movieId,rating,typo\n1,2,3,4\n', 'csv')).toBe('INGEST_INVALID_BODY')
    expect(await code('userId,movieId,rating,__proto__\n1,2,3,4\n', 'csv')).toBe(
      'INGEST_INVALID_BODY',
    )
    expect(await code('userId,movieId,rating\n1,2,NaN\n1,2\n1,,3\n1,4.5,3\n', 'csv')).toBe(
      Array(4).fill('INGEST_INVALID_EVENT').join(),
    )
  })

  it('that fail half way say what is durable', async () => {
    const limits = { ...defaultLimits, streamBodyBytes: 1_000_000 }
    const { log, ingest } = await openWorld({ limits })
    const text = `${rating(1)}\n`.repeat(20_000)
    await expect(
      ingest.receive('ratings', body(text, 65_536), { format: 'ndjson', source: 'http' }),
    ).rejects.toMatchObject({ code: 'INGEST_BODY_TOO_LARGE', details: { accepted: 16_000 } })
    expect(await recordsOf(log, 'ratings')).toHaveLength(16_000)
  })
})

describe('schemas', () => {
  const receive = async (schema: z.ZodObject, text: string) => {
    const { ingest } = await openWorld()
    ingest.declare({ topic: 'typed', schema, columns: columnsOf(schema) })
    const answer = await ingest.receive('typed', body(text), { format: 'json', source: 'http' })
    return answer.rejected.map(({ issues }) => issues[0]?.path)
  }

  it('take 64-bit integers and dates as text, and nothing else for them', async () => {
    const schema = z.object({ big: z.int64(), at: z.date().optional() })
    expect(
      await receive(
        schema,
        '[{"big":"9223372036854775807","at":"2026-01-02T03:04:05Z"},{"big":"-5"}]',
      ),
    ).toEqual([])
    expect(
      await receive(
        schema,
        '[{"big":5},{"big":"9223372036854775808"},{"big":"1.0"},{"big":"1","at":"yesterday"},{"big":"1","at":5}]',
      ),
    ).toEqual(['/big', '/big', '/big', '/at', '/at'])
  })

  it('take unknown fields only when loose', async () => {
    const text = '{"a":1,"b":{"c":[]}}'
    expect(await receive(z.object({ a: z.int() }), text)).toEqual(['/b'])
    expect(await receive(z.looseObject({ a: z.int() }), text)).toEqual([])
  })

  it('that coerce are refused when declared', async () => {
    const schema = z.object({ a: z.coerce.number() })
    await expect(receive(schema, '{}')).rejects.toMatchObject({ code: 'CORE_UNSUPPORTED_SCHEMA' })
  })

  it('trap 19: of another shape in one topic are refused, not mixed in', async () => {
    const { log, ingest } = await openWorld()
    const answer = await ingest.receive('ratings', body(`[${rating(1)},{"page":"Home","ts":1}]`), {
      format: 'json',
      source: 'http',
      onError: 'dlq',
    })
    expect([answer.accepted, answer.deadLettered]).toEqual([1, 1])
    expect(await lettersOf(log, 'ratings')).toHaveLength(1)
  })

  it('keys with NUL are refused', async () => {
    const schema = z.object({ id: z.string() })
    const { ingest } = await openWorld()
    ingest.declare({ topic: 'typed', schema, columns: columnsOf(schema), key: 'id' })
    const answer = await ingest.receive('typed', body('[{"id":"a\\u0000b"},{"id":""}]'), {
      format: 'json',
      source: 'http',
    })
    expect(answer.rejected.map(({ issues }) => issues[0]?.path)).toEqual(['/id'])
  })
})
