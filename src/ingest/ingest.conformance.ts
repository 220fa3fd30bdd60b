/** The suite of the room: I1 to I9 of `ingest.ts`. Free of any test runner. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readDeadLetter, type ConformanceCheck } from '../core/index.ts'
import { letterChecks } from './dead-letters/dead-letters.conformance.ts'
import { idChecks } from './dedupe/dedupe.conformance.ts'
import { countChecks } from './ledger/door-counts.conformance.ts'
import {
  body,
  failingLog,
  headerOf,
  lettersOf,
  moviesOf,
  rating,
  ratings,
  recordsOf,
  textsOf,
  withAppend,
  type IngestHarness,
  type IngestWorld,
} from './ingest-world.conformance.ts'
import type { BodyFormat, Ingest, ReceiveOptions, ReceiveResult, SourceEvent } from './ingest.ts'

type Check = (
  guarantee: string,
  name: string,
  run: (world: IngestWorld) => Promise<void>,
) => ConformanceCheck

export function ingestConformance(harness: IngestHarness): ConformanceCheck[] {
  const check: Check = (guarantee, name, run) => ({
    guarantee,
    name,
    run: async () => run(await harness.open()),
  })
  return [
    ...answerChecks(check),
    ...numberChecks(check),
    ...sequenceChecks(check),
    boundCheck(check),
    ...idChecks(harness),
    ...letterChecks(harness),
    ...countChecks(harness),
  ]
}

const send = (
  ingest: Ingest,
  text: string | Uint8Array,
  format: BodyFormat = 'ndjson',
  options: Partial<ReceiveOptions> = {},
): Promise<ReceiveResult> =>
  ingest.receive(ratings.topic, body(text), { format, source: 'http', ...options })

const answerChecks = (check: Check): ConformanceCheck[] => [
  check('I1', 'what an answer accepts lies in the log, at the offsets it names', async (world) => {
    const { log, ingest } = world
    await send(ingest, rating(1), 'json')
    const answer = await send(ingest, `${rating(2)}\n{"bad":1}\n${rating(3)}\n`)
    assert.deepEqual(answer.offsets, [{ partition: 0, first: 1, last: 2 }])
    assert.deepEqual(await moviesOf(log), [1, 2, 3])
  }),
  check('I1', 'an append that fails accepts nothing', async (world) => {
    const ingest = world.reopen((log) => failingLog(log, 1, 'before'))
    await assert.rejects(send(ingest, rating(1)), /crash before/)
    assert.deepEqual(await recordsOf(world.log, ratings.topic), [])
  }),
  check('I2', 'a value is the bytes of its event', async ({ log, ingest }) => {
    const spaced =
      '{ "userId":1,\n "movieId" : 2, "rating": 4.0e0, "note": "Bj\u00f6rk \\u00e9 \u{1F3AC}" }'
    const oneLine = spaced.replace('\n', '')
    await send(ingest, ` [ ${spaced} , ${rating(3)}]`, 'json')
    await send(ingest, `\uFEFF${oneLine}\r\n\r\n${rating(4)}`)
    await send(ingest, `${spaced}\n`, 'json')
    assert.deepEqual(await textsOf(log, ratings.topic), [
      spaced,
      rating(3),
      oneLine,
      rating(4),
      spaced,
    ])
  }),
  check('I2', 'a CSV row is the JSON of its columns', async ({ log, ingest }) => {
    const csv = 'userId,movieId,rating,note\n1,2,4.0,"a ""b"", c\nd"\n1,3,4,\n'
    await send(ingest, csv, 'csv')
    assert.deepEqual(await textsOf(log, ratings.topic), [
      '{"userId":1,"movieId":2,"rating":4.0,"note":"a \\"b\\", c\\nd"}',
      '{"userId":1,"movieId":3,"rating":4}',
    ])
  }),
  check(
    'I3',
    'accepted, duplicates and rejected add up, each rejection with its line',
    async (world) => {
      const lines = [rating(1), '{"userId":1}', 'no json', rating(4), '{"userId":1,"userId":1}']
      const mark = { sequence: { sequence: 's', first: 1 } }
      await send(world.ingest, lines.slice(0, 1).join('\n'), 'ndjson', mark)
      const answer = await send(world.ingest, lines.join('\n'), 'ndjson', mark)
      assert.equal(answer.accepted + answer.duplicates + answer.rejectedCount, lines.length)
      assert.deepEqual([answer.accepted, answer.duplicates, answer.deadLettered], [1, 1, 0])
      assert.deepEqual(
        answer.rejected.map(({ line, index, code }) => [line, index, code]),
        [
          [2, 1, 'INGEST_INVALID_EVENT'],
          [3, 2, 'INGEST_INVALID_JSON'],
          [5, 4, 'INGEST_DUPLICATE_KEY'],
        ],
      )
      assert.deepEqual(await lettersOf(world.log, ratings.topic), [])
    },
  ),
  check(
    'I3',
    'a dead letter has the bytes that were sent, the reason and the place',
    async (world) => {
      const bad = Buffer.concat([
        Buffer.from('{"userId":"\u00e9'),
        Buffer.from([0xff, 0x00]),
        Buffer.from('"}'),
      ])
      const text = Buffer.concat([
        Buffer.from(`${rating(1)}\n`),
        bad,
        Buffer.from('\n{"userId":1,"movieId":2}'),
      ])
      const answer = await send(world.ingest, text, 'ndjson', { onError: 'dlq' })
      assert.deepEqual([answer.accepted, answer.deadLettered, answer.rejectedCount], [1, 2, 2])
      const [first, second] = await lettersOf(world.log, ratings.topic)
      assert.equal(digest(first?.value), digest(bad))
      const { at, ...letter } = readDeadLetter(first?.headers ?? []) ?? {}
      assert.ok(at !== undefined)
      assert.deepEqual(letter, {
        stage: 'ingest',
        code: 'INGEST_INVALID_UTF8',
        reason: 'the bytes are not UTF-8: send the text encoded as UTF-8',
        source: 'http',
        position: 2,
      })
      assert.match(headerOf(second!, 'dl_reason') ?? '', /\/rating/)
    },
  ),
]

const digest = (bytes: Uint8Array | null | undefined): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex')

const numberChecks = (check: Check): ConformanceCheck[] => [
  check(
    'I4',
    'numbers that would change are refused, the rest lie as they were sent',
    async (world) => {
      const event = (number: string): string => `{"userId":1,"movieId":${number},"rating":4}`
      const refused = [
        '9007199254740992',
        '-9007199254740993',
        '1e400',
        '4.5',
        '"4"',
        'true',
        'null',
        '""',
        '"0x10"',
      ]
      const kept = ['9007199254740991', '-0', '4.0', '4e0', '-9007199254740991']
      const answer = await send(world.ingest, [...refused, ...kept].map(event).join('\n'))
      assert.deepEqual(
        answer.rejected.map(({ index }) => refused[index]),
        refused,
      )
      assert.deepEqual(await textsOf(world.log, ratings.topic), kept.map(event))
      // The answer names the field and never repeats the value.
      assert.ok(answer.rejected.every(({ issues }) => issues[0]?.path === '/movieId'))
      assert.doesNotMatch(JSON.stringify(answer.rejected), /900719925474099[23]/)
    },
  ),
]

const EVENTS = 60
const sequence = { sequence: 'client-1' }
const movies = Array.from({ length: EVENTS }, (_, i) => i + 1)

/** Sends all events in parts of ten, each with its place; ends at the first failure. */
async function sendAll(ingest: Ingest): Promise<void> {
  for (let first = 1; first <= EVENTS; first += 10) {
    const lines = movies.slice(first - 1, first + 9).map((movie) => rating(movie))
    await send(ingest, lines.join('\n'), 'ndjson', { sequence: { ...sequence, first } })
  }
}

const sequenceChecks = (check: Check): ConformanceCheck[] => [
  check(
    'I5',
    'a position that is stored is a duplicate, also for the next process',
    async (world) => {
      await sendAll(world.ingest)
      const next = world.reopen()
      const lines = [59, 60, 61].map((movie) => rating(movie)).join('\n')
      const answer = await send(next, lines, 'ndjson', { sequence: { ...sequence, first: 59 } })
      assert.deepEqual([answer.duplicates, answer.accepted], [2, 1])
      assert.deepEqual(await moviesOf(world.log), [...movies, 61])
      assert.equal(await next.sequencePosition(ratings.topic, sequence.sequence), 61)
      assert.equal(await next.sequencePosition(ratings.topic, 'another'), 0)
      assert.equal(await next.sequencePosition('another', sequence.sequence), 0)
    },
  ),
  check('I5', 'a rejected position stays free for the corrected event', async (world) => {
    const mark = { sequence: { ...sequence, first: 1 } }
    await send(world.ingest, `${rating(1)}\n{}\n${rating(3)}`, 'ndjson', mark)
    const next = world.reopen()
    const answer = await send(
      next,
      [1, 2, 3].map((movie) => rating(movie)).join('\n'),
      'ndjson',
      mark,
    )
    assert.deepEqual([answer.duplicates, answer.accepted], [2, 1])
    assert.deepEqual(await moviesOf(world.log), [1, 3, 2])
  }),
  check('I5', 'a crash at any append stores every position once', async (world) => {
    for (let fatal = 1; fatal <= 8; fatal++) {
      for (const when of ['before', 'after'] as const) {
        const start = (await recordsOf(world.log, ratings.topic)).length
        const mark = `crash-${fatal}-${when}`
        const sendHalf = async (ingest: Ingest, first: number): Promise<void> => {
          const lines = [0, 1, 2, 3, 4].map((i) => rating(first + i)).join('\n')
          await send(ingest, lines, 'ndjson', { sequence: { sequence: mark, first } })
        }
        const doomed = world.reopen((log) => failingLog(log, fatal, when))
        const parts = [1, 6, 11, 16, 21, 26]
        await assert.rejects(async () => {
          for (const first of parts) await sendHalf(doomed, first)
          await doomed.close()
        })
        const next = world.reopen()
        for (const first of parts) await sendHalf(next, first)
        const stored = (await moviesOf(world.log)).slice(start)
        assert.deepEqual(stored, movies.slice(0, 30), mark)
        await next.close()
      }
    }
  }),
  check(
    'I5',
    'a replay with bad rows, crashing at any append, stores rows and dead letters once',
    async (world) => {
      const events: SourceEvent[] = movies.map((movie) => ({
        bytes: Buffer.from(movie % 7 === 0 ? `bad ${movie}` : rating(movie)),
        position: movie,
      }))
      const good = movies.filter((movie) => movie % 7 !== 0)
      const bad = movies.filter((movie) => movie % 7 === 0).map((movie) => `bad ${movie}`)
      for (let fatal = 1; fatal <= 5; fatal++) {
        for (const when of ['before', 'after'] as const) {
          const rows = (await recordsOf(world.log, ratings.topic)).length
          const letters = (await lettersOf(world.log, ratings.topic)).length
          const source = {
            id: `file:${fatal}-${when}`,
            fingerprint: 'same',
            async *events(from: number) {
              // Chunks, so that the crash falls between them too.
              for (let at = from; at <= EVENTS; at += 13)
                yield events.slice(at - 1, Math.min(EVENTS, at + 12))
            },
          }
          const play = (ingest: Ingest): Promise<unknown> =>
            ingest.replay({ topic: ratings.topic, source }).done
          await assert.rejects(play(world.reopen((log) => failingLog(log, fatal, when))))
          const next = world.reopen()
          await play(next)
          await next.close()
          assert.deepEqual((await moviesOf(world.log)).slice(rows), good, source.id)
          const fresh = (await lettersOf(world.log, ratings.topic)).slice(letters)
          assert.deepEqual(
            fresh.map(({ value }) => Buffer.from(value ?? []).toString()),
            bad,
          )
        }
      }
    },
  ),
  check(
    'I5',
    'an append that fails, or whose answer is lost, may be tried again',
    async (world) => {
      for (const when of ['before', 'after'] as const) {
        let isFirst = true
        const ingest = world.reopen((log) =>
          withAppend(log, async (topic, records) => {
            const fails = isFirst && topic === ratings.topic
            if (fails) isFirst = false
            if (fails && when === 'before') throw new Error('not stored')
            const appended = await log.append(topic, records)
            if (fails) throw new Error('stored, and the answer lost')
            return appended
          }),
        )
        const mark = { sequence: { sequence: `retry-${when}`, first: 1 } }
        const start = (await recordsOf(world.log, ratings.topic)).length
        await assert.rejects(send(ingest, rating(1), 'ndjson', mark))
        const answer = await send(ingest, rating(1), 'ndjson', mark)
        assert.equal(answer.accepted + answer.duplicates, 1)
        assert.deepEqual((await moviesOf(world.log)).slice(start), [1])
      }
    },
  ),
  check('I5', 'two calls of one sequence at a time store each position once', async (world) => {
    const lines = movies.map((movie) => rating(movie)).join('\n')
    const mark = { sequence: { ...sequence, first: 1 } }
    const answers = await Promise.all(
      [1, 2, 3].map(() => send(world.ingest, lines, 'ndjson', mark)),
    )
    assert.equal(
      answers.reduce((sum, { accepted }) => sum + accepted, 0),
      EVENTS,
    )
    assert.deepEqual(await moviesOf(world.log), movies)
  }),
]

const LINES = 300_000
/** Events under way: a group being checked, a group being appended, chunks in between. */
const UNDER_WAY_BYTES = 8 * 1024 * 1024

const boundCheck = (check: Check): ConformanceCheck =>
  check('I6', 'a body is not read further ahead of the log than a few groups', async (world) => {
    let stored = 0
    let sent = 0
    let ahead = 0
    const ingest = world.reopen((log) =>
      withAppend(log, async (topic, records) => {
        const appended = await log.append(topic, records)
        for (const { value } of records) stored += (value?.length ?? 0) + 1
        return appended
      }),
    )
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let line = 0; line < LINES; line += 1_000) {
        const chunk = Buffer.from(`${rating(7)}\n`.repeat(1_000))
        sent += chunk.length
        ahead = Math.max(ahead, sent - stored)
        yield chunk
      }
    }
    const answer = await ingest.receive(ratings.topic, endless(), {
      format: 'ndjson',
      source: 'http',
    })
    assert.equal(answer.accepted, LINES)
    assert.ok(ahead <= UNDER_WAY_BYTES, `${ahead} bytes ahead`)
  })
