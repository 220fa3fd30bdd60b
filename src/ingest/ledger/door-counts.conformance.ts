/** I9: what an answer calls a duplicate or refused is counted durably before the answer. */
import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../../core/index.ts'
import {
  body,
  rating,
  ratings,
  withAppend,
  type IngestHarness,
  type IngestWorld,
} from '../ingest-world.conformance.ts'
import type { Ingest, ReceiveOptions, ReceiveResult } from '../ingest.ts'

const TOPIC = ratings.topic
const send = (
  ingest: Ingest,
  text: string,
  options: Partial<ReceiveOptions> = {},
): Promise<ReceiveResult> =>
  ingest.receive(TOPIC, body(text), { format: 'ndjson', source: 'http', ...options })

export function countChecks(harness: IngestHarness): ConformanceCheck[] {
  const check = (name: string, run: (world: IngestWorld) => Promise<void>): ConformanceCheck => ({
    guarantee: 'I9',
    name,
    run: async () => run(await harness.open()),
  })
  return [
    check(
      'refused events and duplicates are counted over starts; kept ones are not',
      async (world) => {
        const envelope = { id: 'a' }
        await send(world.ingest, `${rating(1)}\n{"bad":1}\n`, { envelope })
        await send(world.ingest, `${rating(1)}\n{"bad":1}\n`, { envelope })
        await send(world.reopen(), '{"bad":1}\n', { onError: 'dlq' })
        const again = world.reopen()
        assert.deepEqual(await again.counts(TOPIC), { duplicates: 1, rejected: 2 })
        await send(again, '{"bad":1}\n')
        assert.deepEqual(await world.reopen().counts(TOPIC), { duplicates: 1, rejected: 3 })
      },
    ),
    check('calls at the same time are all counted', async (world) => {
      const calls = Array.from({ length: 50 }, () => send(world.ingest, '{"bad":1}\n{"bad":2}\n'))
      await Promise.all(calls)
      assert.deepEqual(await world.reopen().counts(TOPIC), { duplicates: 0, rejected: 100 })
    }),
    check('an answer whose count cannot be written does not come', async (world) => {
      const full = world.reopen((log) =>
        withAppend(log, (topic, records) =>
          topic.startsWith('__millrace-ledger')
            ? Promise.reject(new Error('no room'))
            : log.append(topic, records),
        ),
      )
      await assert.rejects(send(full, '{"bad":1}\n'), /no room/)
      assert.equal((await send(full, rating(1))).accepted, 1)
      assert.deepEqual(await world.reopen().counts(TOPIC), { duplicates: 0, rejected: 0 })
    }),
  ]
}
