/** I8: a dead letter that is retried lands once, whatever ends the process, and its topic's letters stay countable. */
import assert from 'node:assert/strict'
import { isMillraceError, type ConformanceCheck } from '../../core/index.ts'
import {
  body,
  failingLog,
  moviesOf,
  rating,
  ratings,
  type IngestHarness,
  type IngestWorld,
} from '../ingest-world.conformance.ts'

const TOPIC = ratings.topic
const BAD = '{"userId":1,"movieId":7,"rating":9}'
const NOTHING_SETTLED = new Map<number, number>()

/** Puts `count` events aside that break the schema. */
async function putAside({ ingest }: IngestWorld, count = 1): Promise<void> {
  const text = Array.from({ length: count }, () => BAD).join('\n')
  await ingest.receive(TOPIC, body(text), { format: 'ndjson', source: 'http', onError: 'dlq' })
}

const failsWith = (code: string) => (error: unknown) => isMillraceError(error, code)

export function letterChecks(harness: IngestHarness): ConformanceCheck[] {
  const check = (name: string, run: (world: IngestWorld) => Promise<void>): ConformanceCheck => ({
    guarantee: 'I8',
    name,
    run: async () => run(await harness.open()),
  })
  return [
    check('a letter that is still bad stays open and names the field', async (world) => {
      await putAside(world)
      const { deadLetters } = world.ingest
      await assert.rejects(deadLetters.retry(TOPIC, 0), (error) => {
        assert.ok(isMillraceError(error, 'INGEST_INVALID_EVENT'))
        assert.match(error.message, /\/rating/)
        return true
      })
      assert.equal((await deadLetters.get(TOPIC, 0)).state, 'open')
      assert.deepEqual(await world.ingest.counts(TOPIC), { duplicates: 0, rejected: 0 })
    }),
    check(
      'a mended letter lands once, however often it is retried, also after a start',
      async (world) => {
        await putAside(world, 2)
        const first = await world.ingest.deadLetters.retry(TOPIC, 1, Buffer.from(rating(7)))
        assert.deepEqual([first.state, first.landed], ['retried', { partition: 0, offset: 0 }])
        const again = await Promise.all(
          [1, 1, 1].map((id) => world.ingest.deadLetters.retry(TOPIC, id)),
        )
        const { deadLetters } = world.reopen()
        again.push(await deadLetters.retry(TOPIC, 1, Buffer.from(rating(8))))
        assert.deepEqual(
          again.map(({ landed }) => landed),
          Array(4).fill(first.landed),
        )
        assert.deepEqual(await moviesOf(world.log), [7])
        assert.equal((await deadLetters.get(TOPIC, 0)).state, 'open')
      },
    ),
    check('retries at the same time land once', async (world) => {
      await putAside(world)
      const fixed = Buffer.from(rating(7))
      await Promise.all(
        Array.from({ length: 5 }, () => world.ingest.deadLetters.retry(TOPIC, 0, fixed)),
      )
      assert.deepEqual(await moviesOf(world.log), [7])
    }),
    ...[1, 2, 3].flatMap((append) =>
      (['before', 'after'] as const).map((when) =>
        check(
          `a crash ${when} append ${append} of a retry: the next one lands it once`,
          async (world) => {
            await putAside(world)
            const dying = world.reopen((log) => failingLog(log, append, when))
            const fixed = Buffer.from(rating(7))
            await assert.rejects(dying.deadLetters.retry(TOPIC, 0, fixed))
            const { deadLetters } = world.reopen()
            const hasLanded = (await moviesOf(world.log)).length === 1
            assert.equal((await deadLetters.get(TOPIC, 0)).state, hasLanded ? 'retried' : 'open')
            const { state } = await deadLetters.retry(TOPIC, 0, fixed)
            assert.deepEqual([state, await moviesOf(world.log)], ['retried', [7]])
            assert.deepEqual(await deadLetters.settled(TOPIC), { retried: 1, dropped: 0 })
          },
        ),
      ),
    ),
    check('a dropped letter stays dropped; one that landed cannot be dropped', async (world) => {
      await putAside(world, 2)
      const { deadLetters } = world.ingest
      for (const _ of [1, 2]) assert.equal((await deadLetters.drop(TOPIC, 0)).state, 'dropped')
      await assert.rejects(deadLetters.retry(TOPIC, 0), failsWith('INGEST_DEAD_LETTER_SETTLED'))
      await deadLetters.retry(TOPIC, 1, Buffer.from(rating(7)))
      await assert.rejects(deadLetters.drop(TOPIC, 1), failsWith('INGEST_DEAD_LETTER_SETTLED'))
      const again = world.reopen().deadLetters
      assert.deepEqual(await again.settled(TOPIC), { retried: 1, dropped: 1 })
      assert.deepEqual(await again.census(TOPIC, NOTHING_SETTLED), { door: 2, sink: 0, pending: 0 })
    }),
    check('a letter that is not there is named with those that are', async (world) => {
      const { deadLetters } = world.ingest
      await assert.rejects(deadLetters.get(TOPIC, 0), failsWith('INGEST_UNKNOWN_DEAD_LETTER'))
      await putAside(world, 3)
      await assert.rejects(deadLetters.get(TOPIC, 3), /it has 0 to 2/)
    }),
    check('letters of a topic made anew are not taken for those before', async (world) => {
      await putAside(world)
      await world.ingest.deadLetters.drop(TOPIC, 0)
      await world.log.deleteTopic(`${TOPIC}.dead-letters`)
      // Another letter has another time: this one comes a millisecond later at the earliest.
      const began = Date.now()
      while (Date.now() === began) await new Promise((resolve) => setImmediate(resolve))
      const ingest = world.reopen()
      await putAside({ ...world, ingest })
      assert.equal((await ingest.deadLetters.get(TOPIC, 0)).state, 'open')
    }),
  ]
}
