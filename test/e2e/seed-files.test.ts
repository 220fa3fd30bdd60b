/**
 * Files as the original systems have them: Kaggle's edition of MovieLens in, batches out under the original's names, Last.fm's
 * files as CSV. The files are made here, in the form and with the oddities of the genuine ones.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { root } from '../house/sources.ts'
import { getJson, postJson, startInstance, until, type Instance } from './instance.ts'

const MAIN = join(root, 'dist/cli/main.js')
const run = promisify(execFile)

describe('MovieLens as Kaggle has it', () => {
  const RATINGS = 2_500
  let base: string
  let instance: Instance
  const data = (): string => join(base, 'kaggle')
  const out = (): string => join(base, 'batched_data')

  /** Movie 7 is TMDB's 862; TMDB's 7 is another film. The overview has a line break, and one id is there twice. */
  const METADATA = [
    'adult,genres,id,overview,title',
    `False,"[{'id': 16, 'name': 'Animation'}, {'id': 35, 'name': 'Comedy'}]",862,"Led by Woody,\nthe toys ""live""",Toy Story`,
    `False,"[{'id': 18, 'name': 'Drama'}]",7,A film of another number.,Not This One`,
    `False,"[{'id': 18, 'name': 'Drama'}]",949,Once.,"Heat, the Film"`,
    `False,"[{'id': 18, 'name': 'Drama'}]",949,Twice.,A Second Row`,
    '',
  ].join('\r\n')

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'millrace-kaggle-'))
    await mkdir(data())
    // Sorted by user, as the file is; the stream comes in the order of time.
    const rows = Array.from({ length: RATINGS }, (_, n) => {
      const user = 1 + Math.floor(n / 50)
      const time = 1_260_000_000 + ((n * 7_919) % RATINGS) * 60
      return `${user},${[7, 9, 11][n % 3]},${(1 + (n % 9)) / 2},${time}`
    })
    await writeFile(
      join(data(), 'ratings_small.csv'),
      `userId,movieId,rating,timestamp\n${rows.join('\n')}\n`,
    )
    await writeFile(join(data(), 'movies_metadata.csv'), METADATA)
    await writeFile(
      join(data(), 'links_small.csv'),
      'movieId,imdbId,tmdbId\n7,0114709,862\n9,0113277,949\n11,0000001,\n',
    )
    instance = await startInstance({
      dataDir: join(base, 'data'),
      app: join(root, 'examples/movielens/app.ts'),
      args: ['--data', data(), '--rate', 'unlimited'],
    })
    await until('everything is replayed', async () => {
      const { sources } = await getJson<{ sources: { state: string }[] }>(
        instance.url,
        '/v1/status',
      )
      return sources.length === 2 && sources.every(({ state }) => state === 'done')
        ? true
        : undefined
    })
  })
  afterAll(async () => {
    await instance.kill()
    await rm(base, { recursive: true, force: true })
  })

  const sql = async (text: string): Promise<unknown[][]> =>
    (await postJson<{ rows: unknown[][] }>(instance.url, '/v1/sql', { sql: text })).body.rows

  it('S4.14: ratings_small.csv is the stream, with titles by links_small.csv and no row lost', async () => {
    assert.deepEqual(
      await sql(
        'select movieId, min(title), max(title), count(*) from ratings group by 1 order by 1',
      ),
      [
        [7, 'Toy Story', 'Toy Story', 834],
        [9, 'Heat, the Film', 'Heat, the Film', 833],
        [11, null, null, 833],
      ],
    )
    assert.deepEqual(await sql('select movieId, title from movies order by 1'), [
      [7, 'Toy Story'],
      [9, 'Heat, the Film'],
      [11, null],
    ])
    const [[comedies] = []] = await sql(`select count(*) from ratings where genres like '%Comedy%'`)
    assert.equal(comedies, 834)
    const { warnings } = await getJson<{ warnings: string[] }>(instance.url, '/v1/status')
    assert.match(
      warnings.join('\n'),
      /833 of 2500 events have no row in movies_metadata.csv .*which has 1 keys twice/,
    )
  })

  const exportTo = (folder: string, ...more: string[]): Promise<{ stdout: string }> =>
    run(process.execPath, [
      MAIN,
      'batches',
      'export',
      '--format',
      'csv',
      '--to',
      folder,
      '--url',
      instance.url,
      ...more,
    ])

  it('S4.14: batches are exported as movielens_batch_<epoch>_<n>.csv, a header and their rows each', async () => {
    await postJson(instance.url, '/v1/flush', {})
    await exportTo(out())
    const names = (await readdir(out())).toSorted()
    assert.equal(names.length, 3)
    for (const [at, name] of names.entries()) {
      assert.match(name, new RegExp(`^movielens_batch_1[0-9]{9}_${at + 1}\\.csv$`))
    }
    assert.equal(new Set(names.map((name) => name.split('_')[2])).size, 1)
    const files = await Promise.all(names.map((name) => readFile(join(out(), name), 'utf8')))
    const lines = files.map((text) => text.trimEnd().split('\n'))
    assert.deepEqual(
      lines.map((of) => of.length),
      [1_001, 1_001, 501],
    )
    for (const [header] of lines) {
      assert.equal(header, 'userId,movieId,rating,timestamp,title,genres')
    }
    const times = lines.flatMap((of) => of.slice(1).map((line) => Number(line.split(',')[3])))
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.ok(files[0]?.includes(',"Heat, the Film",'))
    // The same batches again are the same files, and a table may be named.
    await exportTo(out(), 'ratings')
    assert.deepEqual((await readdir(out())).toSorted(), names)
    await assert.rejects(exportTo(out(), 'rating'), /rating/)
  })

  it('S4.14: what was exported can be read in again, value for value', async () => {
    const [name = ''] = (await readdir(out())).toSorted()
    const file = join(out(), name)
    const line = [MAIN, 'produce', file, '--topic', 'again', '--order', 'file', '--url']
    const { stdout } = await run(process.execPath, [...line, instance.url])
    assert.match(stdout, /again: 1,000 events stored/)
  })

  it('a cell that is not of its column is a dead letter that names the column, also over `produce`', async () => {
    const file = join(base, 'bad.csv')
    await writeFile(
      file,
      'userId,movieId,rating,timestamp\n1,7,4.5,1260000000\n1,9,four,1260000001\n',
    )
    const line = [MAIN, 'produce', file, '--topic', 'ratings', '--url', instance.url]
    const { stdout } = await run(process.execPath, line)
    assert.match(stdout, /1 events stored, 1 went to the dead letters/)
    interface Letter {
      readonly value: unknown
      readonly deadLetter: { readonly reason: string }
    }
    const { records } = await getJson<{ records: Letter[] }>(
      instance.url,
      '/v1/topics/ratings/dead-letters',
    )
    assert.match(records.at(-1)?.deadLetter.reason ?? '', /^\/rating /)
    assert.deepEqual(records.at(-1)?.value, {
      userId: 1,
      movieId: 9,
      rating: 'four',
      timestamp: 1_260_000_001,
    })
  })
})

describe('Last.fm as CSV', () => {
  let base: string
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'millrace-lastfm-csv-'))
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  const toCsv = async (from: string): Promise<string> => {
    const out = join(base, 'out')
    await run(process.execPath, [MAIN, 'import', 'lastfm', from, '--to-csv', out])
    return out
  }

  it('S0.15: `import lastfm DIR --to-csv OUT` writes artists.csv and user_artists.csv, in UTF-8 and quoted where need be', async () => {
    const from = join(base, 'dat')
    await mkdir(from)
    await writeFile(
      join(from, 'artists.dat'),
      'id\tname\turl\tpictureURL\n1098\tBjörk\thttp://x/B\thttp://p/1\n2\tCrosby, Stills "and" Nash\thttp://x/C\t\n',
    )
    await writeFile(
      join(from, 'user_artists.dat'),
      'userID\tartistID\tweight\r\n2\t1098\t13883\r\n2\t2\t11690\r\n',
    )
    const out = await toCsv(from)
    assert.equal(
      await readFile(join(out, 'artists.csv'), 'utf8'),
      'id,name,url,pictureURL\n1098,Björk,http://x/B,http://p/1\n2,"Crosby, Stills ""and"" Nash",http://x/C,\n',
    )
    assert.equal(
      await readFile(join(out, 'user_artists.csv'), 'utf8'),
      'userID,artistID,weight\n2,1098,13883\n2,2,11690\n',
    )
    await assert.rejects(toCsv(join(base, 'nothing')), /nothing/)
    await rm(join(from, 'artists.dat'))
    await assert.rejects(toCsv(from), /has no artists\.dat/)
  })

  const genuine = join(process.env['MILLRACE_TEST_DATA'] ?? '', 'hetrec2011-lastfm-2k')
  it.skipIf(!existsSync(join(genuine, 'artists.dat')))(
    'S0.15: the genuine files: 17,632 artists and 92,834 listens, Björk among them (needs MILLRACE_TEST_DATA)',
    async () => {
      const out = await toCsv(genuine)
      const artists = (await readFile(join(out, 'artists.csv'), 'utf8')).trimEnd().split('\n')
      const listens = (await readFile(join(out, 'user_artists.csv'), 'utf8')).trimEnd().split('\n')
      assert.deepEqual([artists.length - 1, listens.length - 1], [17_632, 92_834])
      assert.ok(artists.some((line) => line.startsWith('1098,Björk,')))
      assert.equal(listens[0], 'userID,artistID,weight')
    },
  )
})
