import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { columnsOf } from '../../core/index.ts'
import type { EventSource, TopicContract } from '../ingest.ts'
import { openDataFolder } from '../sources/data-folder.ts'
import { createTempFiles } from '../temp-files.conformance.ts'
import type { LookupSpec } from './lookup.ts'
import { orderByEventTime } from './ordered-source.ts'
import { openTopicSource, type TopicSourceOptions } from './topic-source.ts'

const files = createTempFiles()
afterAll(() => files.remove())

const schema = z.object({
  userId: z.int(),
  movieId: z.int(),
  rating: z.number(),
  timestamp: z.int(),
  title: z.string().optional(),
  year: z.int().optional(),
})
const contract: TopicContract = {
  topic: 'ratings',
  schema,
  columns: columnsOf(schema),
  key: 'userId',
  eventTime: 'timestamp',
}

async function folderWith(contents: Readonly<Record<string, string>>) {
  const root = await files.folder()
  await mkdir(root, { recursive: true })
  for (const [name, text] of Object.entries(contents)) await writeFile(join(root, name), text)
  return openDataFolder(root)
}

async function openRatings(
  contents: Readonly<Record<string, string>>,
  options: Partial<TopicSourceOptions> = {},
) {
  const folder = await folderWith(contents)
  return openTopicSource({
    contract,
    folder,
    file: ['ratings.csv', 'ratings_small.csv'],
    ...options,
  })
}

type Row = Readonly<Record<string, unknown>>
async function rowsOf(source: EventSource, from = 1): Promise<Row[]> {
  const rows: Row[] = []
  for await (const events of source.events(from)) {
    for (const { bytes, problem, position, row } of events) {
      const event = problem ? {} : (JSON.parse(Buffer.from(bytes).toString()) as Row)
      rows.push({ ...event, position, row })
    }
  }
  return rows
}

/** Sorted by user, as MovieLens' files are; user u rates at times that interleave with the others'. */
function byUser(users: number, each: number): string {
  const lines = ['userId,movieId,rating,timestamp']
  for (let user = 1; user <= users; user++) {
    for (let i = 0; i < each; i++)
      lines.push(`${user},${i + 1},4.0,${1_000_000_000 + i * 100 + user}`)
  }
  return `${lines.join('\n')}\n`
}

describe('order', () => {
  it('by event time is stable, numbers the rows anew, and is a sequence of its own', async () => {
    const text =
      'userId,movieId,rating,timestamp\n1,1,4,300\n1,2,4,100\nbad,row,4,1\n2,3,4,300\n2,4,4,100\n'
    const sorted = await openRatings({ 'ratings.csv': text })
    const asFile = await openRatings({ 'ratings.csv': text }, { order: 'file' })
    expect(sorted.id).not.toBe(asFile.id)
    expect(sorted.fingerprint).toBe(asFile.fingerprint)
    const rows = await rowsOf(sorted)
    expect(rows.map(({ movieId }) => movieId)).toEqual([undefined, 2, 4, 1, 3])
    expect(rows.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5])
    expect(rows.map(({ row }) => row)).toEqual([3, 2, 5, 1, 4])
    expect(await rowsOf(sorted, 3)).toEqual(rows.slice(2))
    expect((await rowsOf(asFile)).map(({ movieId }) => movieId)).toEqual([1, 2, undefined, 3, 4])
  })

  it('trap 5: of the file is warned of when the file is sorted by user', async () => {
    const warnings = async (text: string, order: 'file' | 'event-time') =>
      (await openRatings({ 'ratings.csv': text }, { order })).warnings
    expect((await warnings(byUser(5, 40), 'file')).join()).toMatch(/sorted by userId, not by time/)
    expect(await warnings(byUser(5, 40), 'event-time')).toEqual([])
    const lines = byUser(5, 40).trimEnd().split('\n')
    const inTime = [
      lines[0],
      ...lines.slice(1).toSorted((a, b) => (a.slice(-10) < b.slice(-10) ? -1 : 1)),
    ]
    expect(await warnings(`${inTime.join('\n')}\n`, 'file')).toEqual([])
  })

  it('in memory has a limit, said before the memory is gone', async () => {
    const source = await openRatings({ 'ratings.csv': byUser(10, 20) }, { order: 'file' })
    const small = orderByEventTime(source, contract, { maxEvents: 100, maxBytes: 1e9 })
    await expect(rowsOf(small)).rejects.toThrow('too many to sort by time')
  })
})

describe('lookup', () => {
  const ratings = [
    'userId,movieId,rating,timestamp',
    '1,153,4,1',
    '1,7,4,2',
    '1,9,4,3',
    '1,5,4,4',
  ].join('\n')
  /** Made-up rows: TMDB id 153 is not MovieLens id 153. */
  const tables = {
    'ratings_small.csv': ratings,
    'links_small.csv': 'movieId,tmdbId\n153,900\n7,153\n9,\n',
    'movies_metadata.csv': [
      'id,overview,title,year',
      '900,"two\nlines, and ""quotes""","The Right One, Really",1999',
      '153,x,The Other One,2003',
      '153,x,A Second Row,2004',
      '5,x,Not By This Id,nineteen',
    ].join('\r\n'),
  }
  const viaTmdb: LookupSpec = {
    file: 'movies_metadata.csv',
    on: 'movieId',
    key: 'id',
    take: ['title', 'year'],
    via: { file: 'links_small.csv', from: 'movieId', to: 'tmdbId' },
  }

  it('S4.1, trap 9: goes through the translation of ids, reports what is unmatched or double, and keeps every row', async () => {
    const source = await openRatings(tables, { lookup: viaTmdb, order: 'file' })
    const rows = await rowsOf(source)
    expect(rows.map(({ title }) => title)).toEqual([
      'The Right One, Really',
      'The Other One',
      undefined,
      undefined,
    ])
    expect(rows.map(({ year }) => year)).toEqual([1999, 2003, undefined, undefined])
    expect(source.lookupReport()).toEqual({
      file: 'movies_metadata.csv',
      keys: 3,
      duplicateKeys: 1,
      duplicateSample: ['153'],
      matched: 2,
      unmatched: 2,
      unmatchedSample: ['9', '5'],
      badCells: 1,
    })
  })

  it('without the translation would give another movie’s title, so the id spaces do differ here', async () => {
    const { via: _, ...direct } = viaTmdb
    const rows = await rowsOf(await openRatings(tables, { lookup: direct, order: 'file' }))
    expect(rows[0]?.['title']).toBe('The Other One')
  })

  it('compares ids as text and leaves a column that the event has', async () => {
    const jsonl =
      '{"userId":1,"movieId":7,"rating":4,"timestamp":1,"title":"own"}\n{"userId":1,"movieId":8,"rating":4,"timestamp":1}\n'
    const contents = {
      'ratings.jsonl': jsonl,
      'movies.csv': 'movieId,title\n07,zero\n7,seven\n8,"eight ""8"""\n',
    }
    const lookup = { file: 'movies.csv', on: 'movieId', take: ['title'] }
    const rows = await rowsOf(
      await openRatings(contents, { file: ['ratings.jsonl'], lookup, order: 'file' }),
    )
    expect(rows.map(({ title }) => title)).toEqual(['own', 'eight "8"'])
  })

  it('names a file or column that is not there', async () => {
    const lookup = { file: 'movies.csv', on: 'movieId', take: ['title'] }
    await expect(openRatings({ 'ratings.csv': ratings }, { lookup })).rejects.toThrow(
      'no file "movies.csv"',
    )
    const contents = { 'ratings.csv': ratings, 'movies.csv': 'movieId,name\n1,a\n' }
    await expect(openRatings(contents, { lookup })).rejects.toThrow('no column "title"')
    await expect(openRatings({})).rejects.toThrow('"ratings.csv" or "ratings_small.csv"')
  })
})
