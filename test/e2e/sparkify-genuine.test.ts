/** The genuine samples of the music service through the example's app, unharmed. Needs MILLRACE_TEST_DATA. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import example from '../../examples/sparkify/app.ts'
import { startApp } from '../../src/index.ts'

const data = process.env['MILLRACE_TEST_DATA'] ?? ''

test.skipIf(!existsSync(join(data, 'sparkify-log-2018-11'))).each([
  // User ids are numbers here, fields without a value are left out; two of five listeners cancel.
  { folder: 'sparkify-events-sample', events: 3_452, users: 5, nobody: 0, pages: 18, days: 38 },
  // User ids are texts here, "" when logged out; fields without a value are null; registrations are written 1540919166796.0.
  { folder: 'sparkify-log-2018-11', events: 8_056, users: 97, nobody: 286, pages: 13, days: 30 },
])(
  'S2.4, S2.7: genuine $folder: every event is a row, and its bytes are the record (needs MILLRACE_TEST_DATA)',
  { timeout: 120_000 },
  async ({ folder, events, users, nobody, pages, days }) => {
    const file = join(data, folder, 'events.ndjson.gz')
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-sparkify-genuine-'))
    const app = await startApp(example, {
      dataDir,
      sourceData: join(data, folder),
      training: false,
    })
    try {
      await expect
        .poll(() => app.ingest.replays().map(({ state }) => state), { timeout: 90_000 })
        .toEqual(['done'])
      await app.sinks.get('sparkify')?.flush()
      const { rows } = await app.query.run(
        `select count(*), count(distinct nullif("userId", '')), count_if("userId" = ''), count(distinct page),
           count(distinct day), count_if(registration is not null and registration < 1000000000000) from sparkify`,
      )
      expect(rows).toEqual([[events, users, nobody, pages, days, 0]])
      const sent = gunzipSync(await readFile(file))
        .toString()
        .split('\n')
        .filter(Boolean)
      const kept: string[] = []
      for await (const batch of app.log.read('sparkify', 0, 0)) {
        kept.push(...batch.records.map(({ value }) => Buffer.from(value ?? []).toString()))
      }
      // Replayed in the order of time, so the lines are the same ones, maybe in another order.
      expect(kept.toSorted()).toEqual(sent.toSorted())
    } finally {
      await app.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
)
