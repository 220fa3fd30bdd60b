/** I7: an id that the sender gave is stored once in a topic, whatever happens in between. */
import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../../core/index.ts'
import {
  body,
  failingLog,
  lettersOf,
  moviesOf,
  rating,
  ratings,
  type IngestHarness,
  type IngestWorld,
} from '../ingest-world.conformance.ts'
import type { BodyFormat, Ingest, ReceiveOptions, ReceiveResult } from '../ingest.ts'

interface Sending extends Partial<ReceiveOptions> {
  readonly topic?: string
}

const send = (
  ingest: Ingest,
  id: string | undefined,
  text: string,
  format: BodyFormat = 'json',
  { topic = ratings.topic, ...options }: Sending = {},
): Promise<ReceiveResult> =>
  ingest.receive(topic, body(text), {
    format,
    source: 'http',
    ...(id === undefined ? {} : { envelope: { id } }),
    ...options,
  })

const at = (first: number, last = first) => [{ partition: 0, first, last }]

export function idChecks(harness: IngestHarness): ConformanceCheck[] {
  const check = (name: string, run: (world: IngestWorld) => Promise<void>): ConformanceCheck => ({
    guarantee: 'I7',
    name,
    run: async () => run(await harness.open()),
  })
  return [
    check('the second of two equal events is a duplicate, and is told where the first lies', once),
    check('after a restart ids are known from the log', restart),
    check('a batch sent again is stored once, event by event', batch),
    check('an id with other bytes is refused, and goes to the dead letters when asked', conflict),
    check('an id counts within its topic', async ({ log, ingest }) => {
      await send(ingest, 'a', rating(1))
      const other = await send(ingest, 'a', rating(1), 'json', { topic: 'other' })
      assert.deepEqual([other.accepted, other.duplicates], [1, 0])
      assert.deepEqual([await moviesOf(log), await moviesOf(log, 'other')], [[1], [1]])
    }),
    check('calls at one time with one id store one record', async ({ log, ingest }) => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => send(ingest, 'a', rating(1))),
      )
      assert.equal(answers.filter(({ accepted }) => accepted === 1).length, 1)
      assert.equal(answers.filter(({ duplicates }) => duplicates === 1).length, 19)
      assert.deepEqual(await moviesOf(log), [1])
    }),
    ...(['before', 'after'] as const).map((when) =>
      check(`a crash ${when} the append leads to one record`, async (world) => {
        await send(world.ingest, 'a', rating(1))
        const crashing = world.reopen((log) => failingLog(log, 1, when))
        await assert.rejects(send(crashing, 'b', rating(2)), new RegExp(`crash ${when}`))
        // Also the same process must not take the failed append for stored, nor for not stored.
        const answer = await send(world.reopen(), 'b', rating(2))
        assert.equal(answer.duplicates, when === 'after' ? 1 : 0)
        assert.deepEqual(await moviesOf(world.log), [1, 2])
      }),
    ),
    check('after a failed append the same process asks the log', async (world) => {
      let fails = true
      const ingest = world.reopen(
        (log) =>
          new Proxy(log, {
            get(target, name) {
              const member: unknown = Reflect.get(target, name)
              if (typeof member !== 'function') return member
              if (name !== 'append') return member.bind(target) as unknown
              return async (...input: Parameters<typeof log.append>) => {
                const appended = await target.append(...input)
                if (!fails) return appended
                fails = false
                throw new Error('the answer is lost')
              }
            },
          }),
      )
      await assert.rejects(send(ingest, 'a', rating(1)), /the answer is lost/)
      const again = await send(ingest, 'a', rating(1))
      assert.deepEqual([again.accepted, again.duplicates], [0, 1])
      assert.deepEqual(await moviesOf(world.log), [1])
    }),
    check('a topic that was deleted and made again knows no ids', async ({ log, ingest }) => {
      for (const id of ['a', 'b']) await send(ingest, id, rating(1))
      await log.deleteTopic(ratings.topic)
      await log.createTopic({ name: ratings.topic })
      for (const id of ['b', 'c', 'a']) {
        const { accepted } = await send(ingest, id, rating(2))
        assert.equal(accepted, 1, `id ${id}`)
      }
      assert.equal((await send(ingest, 'a', rating(2))).duplicates, 1)
      assert.deepEqual(await moviesOf(log), [2, 2, 2])
    }),
    check('events without an id that was given are never duplicates', async ({ log, ingest }) => {
      for (let n = 0; n < 3; n++) await send(ingest, undefined, rating(1))
      assert.deepEqual(await moviesOf(log), [1, 1, 1])
    }),
    check('a field of the topic may be the id', declaredField),
  ]
}

async function once({ log, ingest }: IngestWorld): Promise<void> {
  await send(ingest, 'z', rating(7))
  const first = await send(ingest, 'a', rating(1))
  const second = await send(ingest, 'a', rating(1))
  assert.deepEqual([first.accepted, first.duplicates, first.offsets], [1, 0, at(1)])
  assert.deepEqual([second.accepted, second.duplicates], [0, 1])
  assert.deepEqual([second.offsets, second.duplicateOffsets], [[], at(1)])
  assert.deepEqual(await moviesOf(log), [7, 1])
}

async function restart(world: IngestWorld): Promise<void> {
  await send(world.ingest, 'a', rating(1))
  await send(world.ingest, undefined, rating(2))
  await send(world.ingest, 'b', rating(3))
  const again = world.reopen()
  assert.deepEqual((await send(again, 'b', rating(3))).duplicateOffsets, at(2))
  assert.deepEqual((await send(again, 'a', rating(1))).duplicateOffsets, at(0))
  assert.deepEqual(await moviesOf(world.log), [1, 2, 3])
}

async function batch(world: IngestWorld): Promise<void> {
  const text = `${rating(1)}\n{"bad":1}\n${rating(2)}\n${rating(3)}\n`
  await send(world.ingest, 'request', text, 'ndjson')
  const again = await send(world.reopen(), 'request', text, 'ndjson')
  assert.deepEqual([again.accepted, again.duplicates, again.rejectedCount], [0, 3, 1])
  assert.deepEqual(again.duplicateOffsets, at(0, 2))
  assert.deepEqual(await moviesOf(world.log), [1, 2, 3])
}

async function conflict({ log, ingest }: IngestWorld): Promise<void> {
  await send(ingest, 'a', rating(1))
  const other = await send(ingest, 'a', rating(2))
  assert.deepEqual([other.accepted, other.duplicates, other.rejectedCount], [0, 0, 1])
  assert.equal(other.rejected[0]?.code, 'INGEST_ID_CONFLICT')
  assert.match(other.rejected[0]?.issues[0]?.message ?? '', /"a"/)
  const put = await send(ingest, 'a', rating(3), 'json', { onError: 'dlq' })
  assert.equal(put.deadLettered, 1)
  const [letter] = await lettersOf(log, ratings.topic)
  assert.equal(Buffer.from(letter?.value ?? []).toString(), rating(3))
  assert.deepEqual(await moviesOf(log), [1])
}

async function declaredField(world: IngestWorld): Promise<void> {
  const declare = (ingest: Ingest): Ingest => {
    ingest.declare({ ...ratings, id: 'note' })
    return ingest
  }
  const event = (movieId: number, note?: string | number): string =>
    JSON.stringify({ ...(JSON.parse(rating(movieId)) as object), note })
  const lines = [event(1, 'a'), event(2, 'b'), event(1, 'a'), event(3, 'b'), event(4), event(4)]
  const first = await send(declare(world.ingest), undefined, lines.join('\n'), 'ndjson')
  assert.deepEqual([first.accepted, first.duplicates, first.rejectedCount], [4, 1, 1])
  assert.deepEqual(first.duplicateOffsets, at(0))
  const again = await send(declare(world.reopen()), undefined, event(2, 'b'))
  assert.deepEqual([again.accepted, again.duplicateOffsets], [0, at(1)])
  const long = await send(declare(world.reopen()), undefined, event(5, 'x'.repeat(1_025)))
  assert.equal(long.rejected[0]?.issues[0]?.path, '/note')
  assert.deepEqual(await moviesOf(world.log), [1, 2, 4, 4])
}
