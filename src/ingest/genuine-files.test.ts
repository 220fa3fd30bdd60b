/**
 * The counts of genuine files. Needs MILLRACE_TEST_DATA, the folder that holds `ml-latest-small/`, `ml-latest-small-2016/`,
 * `ml-100k/` and `hetrec2011-lastfm-2k/`, as their publishers pack them.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { columnsOf, type Column } from '../core/index.ts'
import { openLog } from '../log/index.ts'
import { createIngest } from './create-ingest.ts'
import type { SourceEvent, TopicContract } from './ingest.ts'
import { recordsOf } from './ingest-world.conformance.ts'
import { openTopicSource } from './replay/topic-source.ts'
import { openDataFolder } from './sources/data-folder.ts'
import { openFileSource, type OpenFileOptions } from './sources/open-source.ts'
import { createTempFiles } from './temp-files.conformance.ts'

const data = process.env['MILLRACE_TEST_DATA'] ?? ''
const isThere = data !== '' && existsSync(join(data, 'hetrec2011-lastfm-2k', 'artists.dat'))

const files = createTempFiles()
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})
afterAll(() => files.remove())

const whole = (...names: string[]): Column[] =>
  names.map((name) => ({ name, type: name === 'rating' ? 'double' : 'integer', nullable: false }))

async function readAll(path: string, options: OpenFileOptions = {}) {
  const source = await openFileSource(join(data, path), options)
  const events: SourceEvent[] = []
  for await (const some of source.events(1)) events.push(...some)
  expect(source.total).toBe(events.length)
  expect(events.filter(({ problem }) => problem)).toEqual([])
  return { source, events }
}

const schema = z.object({
  userId: z.int(),
  movieId: z.int(),
  rating: z.number().min(0.5).max(5),
  timestamp: z.int(),
  title: z.string().optional(),
})
const contract: TopicContract = {
  topic: 'ratings',
  schema,
  columns: columnsOf(schema),
  key: 'userId',
  eventTime: 'timestamp',
}

describe.skipIf(!isThere)('genuine files (skipped without MILLRACE_TEST_DATA)', () => {
  it('trap 21: Last.fm: 92,834 listens and 17,632 artists, Björk intact, tags in ISO-8859-1', async () => {
    const listens = await readAll('hetrec2011-lastfm-2k/user_artists.dat', {
      columns: whole('userID', 'artistID', 'weight'),
    })
    expect(listens.events).toHaveLength(92_834)
    const artists = await readAll('hetrec2011-lastfm-2k/artists.dat')
    expect(artists.events).toHaveLength(17_632)
    expect(artists.source.encoding).toBe('utf-8')
    const rows = artists.events.map(
      ({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>,
    )
    expect(rows.find(({ id }) => id === '1098')?.['name']).toBe('Björk')
    expect(rows.some(({ name }) => name?.includes(', '))).toBe(true)
    expect((await readAll('hetrec2011-lastfm-2k/tags.dat')).source.encoding).toBe('iso-8859-1')
    const tagged = await readAll('hetrec2011-lastfm-2k/user_taggedartists.dat.gz')
    expect(tagged.events).toHaveLength(186_479)
  })

  it('MovieLens 100K: 100,000 rows of a headerless TAB file', async () => {
    const columns = whole('userId', 'movieId', 'rating', 'timestamp')
    const { events } = await readAll('ml-100k/u.data', { columns })
    expect(events).toHaveLength(100_000)
    expect(Buffer.from(events[0]!.bytes).toString()).toBe(
      '{"userId":196,"movieId":242,"rating":3,"timestamp":881250949}',
    )
    const items = await readAll('ml-100k/u.item', {
      delimiter: '|',
      header: ['id', 'title', ...Array.from({ length: 22 }, (_, i) => `column${i}`)],
    })
    expect([items.events.length, items.source.encoding]).toEqual([1_682, 'iso-8859-1'])
  })

  it('MovieLens small: all ratings in time order with titles, in the log once, also over a second start', async () => {
    const log = await openLog({ dir: await files.folder(), cleanIntervalMs: 0 })
    open.push(log)
    const folder = await openDataFolder(join(data, 'ml-latest-small'))
    const play = async () => {
      const ingest = createIngest({ log })
      ingest.declare(contract)
      const source = await openTopicSource({
        contract,
        folder,
        file: ['ratings.csv', 'ratings_small.csv'],
        lookup: { file: 'movies.csv', on: 'movieId', take: ['title'] },
      })
      const progress = await ingest.replay({ topic: 'ratings', source }).done
      await ingest.close()
      return { progress, report: source.lookupReport() }
    }
    const { progress, report } = await play()
    expect(progress).toMatchObject({ accepted: 100_836, deadLettered: 0, duplicates: 0 })
    expect(report).toMatchObject({ keys: 9_742, matched: 100_836, unmatched: 0, duplicateKeys: 0 })
    expect((await play()).progress).toMatchObject({ position: 100_836, accepted: 0 })
    const records = await recordsOf(log, 'ratings')
    expect(records).toHaveLength(100_836)
    expect(
      records.every((record, i) => i === 0 || records[i - 1]!.timestamp <= record.timestamp),
    ).toBe(true)
  })

  it('MovieLens small in file order: the warning that it is sorted by user', async () => {
    const folder = await openDataFolder(join(data, 'ml-latest-small'))
    const source = await openTopicSource({ contract, folder, file: ['ratings.csv'], order: 'file' })
    expect(source.warnings.join()).toContain('sorted by userId')
  })

  it('S4.1: Kaggle’s rows of MovieLens 2016: 100,004, none lost in the join', async () => {
    const folder = await openDataFolder(join(data, 'ml-latest-small-2016'))
    const source = await openTopicSource({
      contract,
      folder,
      file: ['ratings_small.csv', 'ratings.csv'],
      lookup: { file: 'movies.csv', on: 'movieId', take: ['title'] },
    })
    let rows = 0
    for await (const events of source.events(1)) rows += events.length
    expect(rows).toBe(100_004)
    expect(source.lookupReport()).toMatchObject({ matched: 100_004, unmatched: 0 })
  })
})
