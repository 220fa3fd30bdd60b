/** Replays that an app declares, on files that the test writes. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { defineApp, source, topic } from '../authoring.ts'
import type { RunningApp, StartOptions } from '../running-app.ts'
import { startApp } from '../start-app.ts'

const app = defineApp({
  name: 'films',
  topics: {
    ratings: topic({
      schema: z.object({
        userId: z.int(),
        movieId: z.int(),
        rating: z.number(),
        timestamp: z.int(),
        title: z.string().optional(),
      }),
      key: 'userId',
      eventTime: 'timestamp',
    }),
    movies: topic({ schema: z.object({ movieId: z.int(), title: z.string() }) }),
  },
  sources: [
    source({
      topic: 'ratings',
      file: 'ratings.csv',
      alternatives: ['ratings_small.csv'],
      rate: 20,
      lookup: { file: 'movies.csv', on: 'movieId', take: ['title'] },
    }),
    source({ topic: 'movies', file: 'movies.csv' }),
  ],
})

const HEADER = 'userId,movieId,rating,timestamp'
let base: string
let data: string
let running: RunningApp | undefined

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'millrace-sources-'))
  data = join(base, 'files')
  await mkdir(data)
  await writeFile(join(data, 'movies.csv'), 'movieId,title\n1,"Heat, the film"\n2,Ronin\n')
})
afterEach(async () => {
  await running?.stop()
  running = undefined
  await rm(base, { recursive: true, force: true })
})

async function start(options: Partial<StartOptions> = {}): Promise<RunningApp> {
  running = await startApp(app, { dataDir: join(base, 'data'), sourceData: data, ...options })
  return running
}

const query = async (of: RunningApp, sql: string) => (await of.query.run(sql)).rows
const isDone = (of: RunningApp): boolean =>
  of.ingest.replays().every(({ state }) => state === 'done')

test('trap 10: files are replayed in event-time order, with titles, and a second start adds nothing', async () => {
  await writeFile(
    join(data, 'ratings_small.csv'),
    `${HEADER}\n1,1,4,300\n1,2,3.5,100\n2,9,1,200\n2,x,1,400\n`,
  )
  const first = await start({ replay: { rate: 0 } })
  await expect.poll(() => isDone(first)).toBe(true)
  expect(await query(first, 'select timestamp, title from ratings order by _offset')).toEqual([
    [100, 'Ronin'],
    [200, null],
    [300, 'Heat, the film'],
  ])
  expect(await query(first, 'select count(*) from movies')).toEqual([[2]])
  expect((await first.log.topic('ratings.dead-letters')).partitions[0]?.end).toBe(1)
  expect(first.warnings()).toEqual([
    expect.stringContaining('1 of 3 events have no row in movies.csv (for example 9)'),
  ])
  await first.stop()
  const second = await start({ replay: { rate: 0 } })
  await expect.poll(() => isDone(second)).toBe(true)
  expect(await query(second, 'select count(*) from ratings')).toEqual([[3]])
})

test('a replay that was stopped goes on where it was', async () => {
  const rows = Array.from({ length: 60 }, (_, index) => `${index},1,4,${1000 + index}`)
  await writeFile(join(data, 'ratings.csv'), `${HEADER}\n${rows.join('\n')}\n`)
  const first = await start()
  const position = (): number =>
    first.ingest.replays().find(({ topic }) => topic === 'ratings')?.position ?? 0
  await expect.poll(position).toBeGreaterThan(5)
  await first.stop()
  expect(position()).toBeLessThan(60)
  const second = await start({ replay: { rate: 0 } })
  await expect.poll(() => isDone(second)).toBe(true)
  expect(await query(second, 'select count(*), count(distinct userId) from ratings')).toEqual([
    [60, 60],
  ])
})

test("trap 5: the file's own order is followed when asked for, with a warning when it is sorted by user", async () => {
  const rows = Array.from(
    { length: 40 },
    (_, index) => `${Math.floor(index / 10)},1,4,${999 - index}`,
  )
  await writeFile(join(data, 'ratings.csv'), `${HEADER}\n${rows.join('\n')}\n`)
  const first = await start({ replay: { rate: 0, order: 'file' } })
  await expect.poll(() => isDone(first)).toBe(true)
  expect(await query(first, 'select first(timestamp order by _offset) from ratings')).toEqual([
    [999],
  ])
  expect(first.warnings()[0]).toMatch(/sorted by userId/)
})

test('data that has none of the files ends the start, with the files that it needs', async () => {
  await rm(join(data, 'movies.csv'))
  await expect(start()).rejects.toMatchObject({
    code: 'APP_NO_SOURCE_DATA',
    message: expect.stringContaining('has none of ratings.csv, ratings_small.csv, movies.csv'),
  })
  running = undefined
})

test('a file that is not there is a warning, a folder that is not there ends the start', async () => {
  const first = await start({ replay: { rate: 0 } })
  expect(first.warnings()).toEqual([
    expect.stringMatching(
      /has no ratings\.csv or ratings_small\.csv: nothing is replayed into topic ratings$/,
    ),
  ])
  await first.stop()
  await expect(start({ sourceData: join(base, 'nowhere') })).rejects.toMatchObject({
    code: 'INGEST_UNKNOWN_SOURCE',
  })
  running = undefined
})
