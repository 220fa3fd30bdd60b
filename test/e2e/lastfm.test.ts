/** The example as its users meet it, on a smaller generated stream: three models, the URLs of the original, feedback. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import example from '../../examples/lastfm/app.ts'
import { buildServer } from '../../src/api/index.ts'
import { until } from './instance.ts'
import { startApp, type RunningApp } from '../../src/index.ts'

const ROWS = 3_000
let app: RunningApp
let server: FastifyInstance
let dataDir: string

interface Top {
  readonly result: readonly {
    readonly artist_id: number
    readonly name: string
    readonly url: string
    readonly score: number
  }[]
  readonly fallback: string | null
}
interface History {
  readonly result: readonly {
    readonly artist_id: number
    readonly name: string
    readonly weight: number
  }[]
  readonly total: number
}

const get = async <Answer>(url: string): Promise<Answer> => {
  const answer = await server.inject({ method: 'GET', url })
  expect(answer.statusCode, `${url}: ${answer.body}`).toBe(200)
  return answer.json()
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-lastfm-'))
  const model = example.models?.['lastfm']
  const topic = example.topics['lastfm']
  if (model?.task !== 'recommender' || !topic) throw new Error('the example has no recommender')
  const options = { users: 180, artists: 600, events: 8_900 }
  app = await startApp(
    {
      ...example,
      topics: { ...example.topics, lastfm: { ...topic, batch: { rows: ROWS } } },
      models: { lastfm: { ...model, params: { factors: 16 } } },
      sources: (example.sources ?? []).map((source) =>
        source.generator ? { ...source, generator: { ...source.generator, options } } : source,
      ),
    },
    { dataDir, training: false, replay: { rate: 0 } },
  )
  server = buildServer(app)
  await until('everything is replayed', async () =>
    app.ingest.replays().every(({ state }) => state === 'done') ? true : undefined,
  )
  await app.sinks.get('lastfm')?.flush()
  const jobs = await app.trainer.train({
    model: 'lastfm',
    trigger: 'manual',
    by: 'test',
    scheme: 'cumulative',
    parts: 3,
  })
  for (const { id } of jobs) expect((await app.trainer.wait(id)).error).toBeUndefined()
  await app.recommendations.settled()
  await app.recommendations.refresh()
}, 180_000)
afterAll(async () => {
  await server.close()
  await app.stop()
  await rm(dataDir, { recursive: true, force: true })
})

test('S0.3, S0.5: batches of equal size, and models on the first, the first two and all of them', () => {
  const rows = app.sinks
    .get('lastfm')
    ?.batches()
    .map((batch) => batch.rows)
  expect(rows).toEqual([ROWS, ROWS, 2_900])
  const versions = app.registry.versions('lastfm')
  expect(versions.map(({ lineage }) => lineage.rows)).toEqual([3_000, 6_000, 8_900])
})

test('S0.12: every version stands beside the most popular artists, and beats them', () => {
  for (const { gate, reports } of app.registry.versions('lastfm')) {
    expect(gate.passed, gate.reason).toBe(true)
    const random = reports.find(({ split }) => split === 'random')
    expect(random?.metrics['precision@10']).toBeGreaterThan(random?.baseline['precision@10'] ?? 1)
    expect(random?.metrics['coverage@10']).toBeGreaterThan(0)
    // The events have no time, so nothing is said of a time split.
    expect(reports.some(({ split }) => split === 'time')).toBe(false)
  }
})

test('S0.6: disjoint sets by hand', async () => {
  const jobs = await app.trainer.train({
    model: 'lastfm',
    trigger: 'manual',
    by: 'test',
    scheme: 'disjoint',
    parts: 3,
  })
  expect(jobs.map(({ set }) => set.batches)).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ])
  for (const { id } of jobs) await app.trainer.cancel(id)
})

test('S0.7: five artists with name, page and score, descending, none heard before', async () => {
  const { result, fallback } = await get<Top>('/2/25/ratings/top/5')
  expect(fallback).toBeNull()
  expect(result).toHaveLength(5)
  expect(result.every(({ name, url }) => name.length > 0 && url.startsWith('http'))).toBe(true)
  const scores = result.map(({ score }) => score)
  expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  const heard = await get<History>('/2/25/history?limit=1000')
  const known = new Set(heard.result.map(({ artist_id }) => artist_id))
  expect(result.filter(({ artist_id }) => known.has(artist_id))).toEqual([])
})

test('S0.8: four users for an artist', async () => {
  const { result } = await get<{ result: { user_id: number; score: number }[] }>(
    '/2/artists/9/recommend/4',
  )
  expect(result).toHaveLength(4)
  expect(result[0]!.score).toBeGreaterThanOrEqual(result[3]!.score)
})

test('S0.9: one pair is a number from 0; strangers are answered and named', async () => {
  const known = await get<{ result: number; fallback: string | null }>('/1/43/listen/10')
  expect(known.result).toBeGreaterThanOrEqual(0)
  const stranger = await get<{ result: number; fallback: string | null }>('/1/99999/listen/10')
  expect(stranger).toMatchObject({ result: 0, fallback: expect.stringContaining('user') })
})

test('S0.10, S0.13: a listen is in the history at once, and acts on the list', async () => {
  const before = await get<History>('/2/43/history?limit=2')
  expect(before.result).toHaveLength(2)
  expect(before.result.every(({ name }) => name.length > 0)).toBe(true)
  const next = await get<History>('/2/43/history?limit=1&offset=1')
  expect(next.result).toEqual(before.result.slice(1))
  const published = await server.inject({
    method: 'POST',
    url: '/v1/topics/lastfm/events',
    payload: { userID: 43, artistID: 599, weight: 7 },
  })
  expect(published.statusCode).toBe(202)
  await app.recommendations.refresh()
  const after = await get<History>('/2/43/history?limit=1')
  expect(after).toMatchObject({ total: before.total + 1, result: [{ artist_id: 599, weight: 7 }] })
  const posted = await server.inject({
    method: 'POST',
    url: '/43/listens',
    payload: { artistID: 599, weight: 5 },
  })
  expect(posted.statusCode, posted.body).toBe(200)
  await app.recommendations.refresh()
  expect((await get<History>('/2/43/history?limit=1')).result[0]).toMatchObject({ weight: 12 })
  // An older model answers from what it was trained on.
  const old = await get<History>('/1/43/history?limit=1000')
  expect(old.result.some(({ artist_id }) => artist_id === 599)).toBe(false)
})

test('S0.11: strangers get the popular artists, also users whom model 0 does not know yet', async () => {
  expect(await get<Top>('/2/99999/ratings/top/5')).toMatchObject({ fallback: 'popular' })
  const last = 181
  expect(await get<Top>(`/0/${last}/ratings/top/5`)).toMatchObject({ fallback: 'popular' })
  expect(await get<Top>(`/2/${last}/ratings/top/5`)).toMatchObject({ fallback: null })
})

test.each([
  ['/9/25/ratings/top/5', 404, 'model'],
  ['/2/25/ratings/top/0', 422, 'n'],
  ['/2/25/ratings/top/1000000000', 422, 'n'],
  ['/2/25/ratings/top/-1', 422, 'n'],
  ['/2/abc/ratings/top/5', 422, 'user'],
  ['/x/25/history', 422, 'model'],
])('S0.14: %s is %i and names the field', async (url, status, field) => {
  const answer = await server.inject({ method: 'GET', url })
  expect(answer.statusCode, answer.body).toBe(status)
  expect(answer.json<{ errors: { path: string }[] }>().errors[0]?.path).toBe(`path/${field}`)
})

const genuine = join(process.env['MILLRACE_TEST_DATA'] ?? '', 'hetrec2011-lastfm-2k')

test.skipIf(!existsSync(join(genuine, 'user_artists.dat')))(
  'S0.1, S0.12: genuine Last.fm: 92,834 listens, Björk, and P@10 of at least 0.17 (needs MILLRACE_TEST_DATA)',
  { timeout: 600_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-lastfm-genuine-'))
    const own = await startApp(example, {
      dataDir: folder,
      sourceData: genuine,
      replay: { rate: 0 },
      training: false,
    })
    try {
      await until('everything is replayed', async () =>
        own.ingest.replays().every(({ state }) => state === 'done') ? true : undefined,
      )
      await own.sinks.get('lastfm')?.flush()
      await own.recommendations.refresh()
      const rows = own.sinks
        .get('lastfm')
        ?.batches()
        .map((batch) => batch.rows)
      expect(rows).toEqual([31_000, 31_000, 30_834])
      expect(own.recommendations.item('lastfm', '1098')?.attributes).toMatchObject({
        name: 'Björk',
      })
      expect(own.recommendations.items('lastfm')).toHaveLength(17_632)
      const [job] = await own.trainer.train({ model: 'lastfm', trigger: 'manual', by: 'test' })
      expect((await own.trainer.wait(job?.id ?? '')).error).toBeUndefined()
      const [version] = own.registry.versions('lastfm')
      const random = version?.reports.find(({ split }) => split === 'random')
      expect(random?.metrics['precision@10']).toBeGreaterThanOrEqual(0.17)
      expect(random?.baseline['precision@10']).toBeLessThan(0.08)
    } finally {
      await own.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
)
