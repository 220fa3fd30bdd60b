/**
 * The example on the genuine ml-latest-small: every rating is in the lake once, as a foreign reader sees it, with its title,
 * in the order in which it was given; a posted rating is found at once. Needs MILLRACE_TEST_DATA.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { expect, test } from 'vitest'
import example from '../../examples/movielens/app.ts'
import { startApp } from '../../src/index.ts'

const folder = join(process.env['MILLRACE_TEST_DATA'] ?? '', 'ml-latest-small')
const RATINGS = 100_836

test.skipIf(!existsSync(join(folder, 'ratings.csv')))(
  'S4.1: genuine MovieLens: 100,836 events in, 100,836 rows in the lake (needs MILLRACE_TEST_DATA)',
  { timeout: 120_000 },
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-genuine-'))
    const app = await startApp(example, {
      dataDir,
      sourceData: folder,
      replay: { rate: 0 },
      training: false,
    })
    try {
      await expect
        .poll(() => app.ingest.replays().every(({ state }) => state === 'done'), {
          timeout: 90_000,
        })
        .toBe(true)
      await app.sinks.get('ratings')?.flush()
      const batches = app.sinks.get('ratings')?.batches() ?? []
      expect(batches.map(({ number }) => number)).toEqual(batches.map((_, index) => index + 1))
      expect(batches.slice(0, -1).every(({ rows }) => rows === 1000)).toBe(true)

      const { offsets, titled, isOrdered, toyStory } = await readForeign(
        join(dataDir, 'lake', 'ratings', 'current'),
      )
      expect(offsets).toBe(RATINGS)
      expect(titled).toBe(RATINGS)
      expect(isOrdered).toBe(true)
      expect(toyStory).toBe('Toy Story (1995)')

      const event = { userId: 611, movieId: 1, rating: 4, timestamp: 1_700_000_000 }
      await app.routes.publish('ratings', event)
      const startedAt = performance.now()
      const { rows } = await app.query.run('select count(*) from ratings where userId = 611')
      expect(rows).toEqual([[1]])
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    } finally {
      await app.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
)

test.skipIf(!existsSync(join(folder, 'ratings.csv')))(
  'S4.5, S4.6: genuine MovieLens through the real training: AUC at least 0.77, RMSE at most 0.90 (needs MILLRACE_TEST_DATA)',
  { timeout: 240_000 },
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-genuine-models-'))
    const app = await startApp(example, { dataDir, sourceData: folder, replay: { rate: 0 } })
    try {
      await expect
        .poll(() => app.ingest.replays().every(({ state }) => state === 'done'), {
          timeout: 90_000,
        })
        .toBe(true)
      await app.sinks.get('ratings')?.flush()
      for (const [model, metric] of [
        ['like', 'auc'],
        ['rating', 'rmse'],
      ] as const) {
        const jobs = await app.trainer.train({ model, trigger: 'manual', by: 'test' })
        for (const { id } of jobs) expect((await app.trainer.wait(id)).state).toBe('succeeded')
        const version = app.registry.versions(model).at(-1)
        expect(version?.lineage.rows).toBe(RATINGS)
        const figures = Object.fromEntries(
          (version?.reports ?? []).map(({ split, metrics, baseline }) => [
            split,
            { value: metrics[metric] ?? Number.NaN, baseline: baseline[metric] ?? Number.NaN },
          ]),
        )
        expect(Object.keys(figures)).toEqual(expect.arrayContaining(['random', 'time']))
        const { value = Number.NaN, baseline = Number.NaN } = figures['random'] ?? {}
        if (metric === 'auc') {
          expect(value).toBeGreaterThanOrEqual(0.77)
          expect(baseline).toBeCloseTo(0.5, 6)
        } else {
          expect(value).toBeLessThanOrEqual(0.9)
          expect(baseline).toBeGreaterThan(1)
        }
      }
    } finally {
      await app.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
)

/** Facts of a plain listing; each offset is seen once and in order, or the count is short. */
async function readForeign(current: string) {
  let offsets = 0
  let titled = 0
  let latest = 0
  let isOrdered = true
  let toyStory: unknown
  for (const name of (await readdir(current)).toSorted()) {
    const file = await asyncBufferFromFile(join(current, name))
    for (const row of await parquetReadObjects({ file, compressors })) {
      if (Number(row['_offset']) === offsets) offsets++
      if (typeof row['title'] === 'string') titled++
      if (Number(row['movieId']) === 1) toyStory = row['title']
      const time = Number(row['timestamp'])
      isOrdered &&= time >= latest
      latest = time
    }
  }
  return { offsets, titled, isOrdered, toyStory }
}
