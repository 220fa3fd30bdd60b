import { describe, expect, it } from 'vitest'
import { openFileSource } from '../../sources/open-source.ts'
import type { Generated } from '../generator.ts'
import { openGenerator } from '../open-generator.ts'

interface Rating {
  readonly userId: number
  readonly movieId: number
  readonly rating: number
  readonly timestamp: number
}

async function ratingsOf({ source }: Generated, from = 1): Promise<Rating[]> {
  const rows: Rating[] = []
  for await (const events of source.events(from)) {
    for (const { bytes } of events) rows.push(JSON.parse(Buffer.from(bytes).toString()) as Rating)
  }
  return rows
}

const countBy = (rows: readonly Rating[], field: 'userId' | 'movieId'): number[] => {
  const counts = new Map<number, number>()
  for (const row of rows) counts.set(row[field], (counts.get(row[field]) ?? 0) + 1)
  return [...counts.values()].toSorted((a, b) => a - b)
}
const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.floor(q * (sorted.length - 1))]!

const small = { users: 60, movies: 800, events: 4_000 }

describe('movielens generator', async () => {
  const began = performance.now()
  const generated = await openGenerator('movielens')
  const rows = await ratingsOf(generated)
  const tookMs = performance.now() - began

  it('gives 100,000 ratings of 610 users in the order of time, in seconds', () => {
    expect(rows).toHaveLength(100_000)
    expect(generated.source.total).toBe(100_000)
    expect(countBy(rows, 'userId')).toHaveLength(610)
    expect(rows.every((row, i) => i === 0 || rows[i - 1]!.timestamp <= row.timestamp)).toBe(true)
    // About half a second; the bound leaves room for a busy machine.
    expect(tookMs).toBeLessThan(10_000)
  })

  it('has no pair of user and movie twice', () => {
    expect(new Set(rows.map(({ userId, movieId }) => `${userId} ${movieId}`)).size).toBe(
      rows.length,
    )
  })

  it('is shaped like the genuine set: activity, popularity, rating shares, sittings', () => {
    const activity = countBy(rows, 'userId')
    // Genuine: least 20, median 70, 9 of 10 below 400, most 2,698.
    expect(activity[0]).toBeGreaterThanOrEqual(20)
    expect(quantile(activity, 0.5)).toBeGreaterThan(50)
    expect(quantile(activity, 0.5)).toBeLessThan(100)
    expect(quantile(activity, 0.9)).toBeGreaterThan(280)
    expect(activity.at(-1)).toBeGreaterThan(1_000)
    const popularity = countBy(rows, 'movieId').toReversed()
    // Genuine: 329 at rank 1, 112 at 100, 26 at 1,000, 4 at 4,000.
    expect(popularity[0]).toBeGreaterThan(220)
    expect(popularity[99]).toBeGreaterThan(90)
    expect(popularity[999]).toBeGreaterThan(18)
    expect(popularity[999]).toBeLessThan(36)
    expect(popularity[3_999]).toBeLessThan(8)
    const share = (test: (row: Rating) => boolean): number => rows.filter(test).length / rows.length
    // Genuine: like 0.48, half stars 0.30, five stars 0.13, below two 0.06, mean 3.50.
    expect(share(({ rating }) => rating >= 4)).toBeCloseTo(0.48, 1)
    expect(share(({ rating }) => rating % 1 !== 0)).toBeCloseTo(0.3, 1)
    expect(share(({ rating }) => rating === 5)).toBeCloseTo(0.15, 1)
    expect(share(({ rating }) => rating < 2)).toBeGreaterThan(0.02)
    expect(rows.reduce((sum, { rating }) => sum + rating, 0) / rows.length).toBeCloseTo(3.5, 0)
    expect(rows.every(({ rating }) => rating >= 0.5 && rating <= 5 && (rating * 2) % 1 === 0)).toBe(
      true,
    )
  })

  it('rates in sittings: most pauses of a user are below a minute, some above a day', () => {
    const last = new Map<number, number>()
    const pauses: number[] = []
    for (const { userId, timestamp } of rows) {
      const before = last.get(userId)
      if (before !== undefined) pauses.push(timestamp - before)
      last.set(userId, timestamp)
    }
    const sorted = pauses.toSorted((a, b) => a - b)
    // Genuine, all pauses: median 10 s, 95 % below 3 min, the longest years.
    expect(quantile(sorted, 0.5)).toBeLessThan(20)
    expect(quantile(sorted, 0.8)).toBeLessThan(120)
    expect(quantile(sorted, 0.99)).toBeGreaterThan(86_400)
  })

  it('says the best scores, and what it planted can be learned: means beat the mean, and not the truth', () => {
    const { best } = generated.truth
    const mean = rows.reduce((sum, { rating }) => sum + rating, 0) / rows.length
    const rmse = (predict: (row: Rating) => number): number =>
      Math.sqrt(rows.reduce((sum, row) => sum + (row.rating - predict(row)) ** 2, 0) / rows.length)
    const sums = new Map<number, [sum: number, count: number]>()
    for (const { userId, rating } of rows) {
      const [sum, count] = sums.get(userId) ?? [0, 0]
      sums.set(userId, [sum + rating, count + 1])
    }
    const userMean = ({ userId }: Rating): number => sums.get(userId)![0] / sums.get(userId)![1]
    expect(best['rmse']).toBeGreaterThan(0.7)
    expect(rmse(() => mean)).toBeGreaterThan(rmse(userMean) + 0.05)
    expect(rmse(userMean)).toBeGreaterThan(best['rmse']! + 0.05)
    expect(best['auc']).toBeGreaterThan(0.78)
    expect(best['auc']).toBeLessThan(0.9)
  })

  it('repeats with its seed and options, goes on anywhere, and differs with another seed', async () => {
    const first = await openGenerator('movielens', { ...small, seed: 5 })
    const again = await openGenerator('movielens', { ...small, seed: 5 })
    const other = await openGenerator('movielens', { ...small, seed: 6 })
    const expected = await ratingsOf(first)
    expect(await ratingsOf(again)).toEqual(expected)
    expect(await ratingsOf(again, 3_990)).toEqual(expected.slice(3_989))
    expect(await ratingsOf(again, 4_001)).toEqual([])
    expect(await ratingsOf(other)).not.toEqual(expected)
    expect(other.source.id).not.toBe(first.source.id)
  })

  it('has titles, genres and links for every movie, in two id spaces', async () => {
    const { folder, source } = await openGenerator('movielens', small)
    const movies = await openFileSource((await folder.find('movies.csv'))!)
    const links = await openFileSource((await folder.find('links.csv'))!)
    expect([movies.fields, movies.total]).toEqual([['movieId', 'title', 'genres'], 800])
    const titles = new Map<string, string>()
    for await (const events of movies.events(1)) {
      for (const { bytes, problem } of events) {
        expect(problem).toBeUndefined()
        const row = JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>
        expect(row['title']).toMatch(/^.+ \((19|20)\d\d\)$/)
        titles.set(row['movieId']!, row['genres']!)
      }
    }
    for (const { movieId } of await ratingsOf({ source } as Generated)) {
      expect(titles.has(String(movieId))).toBe(true)
    }
    const pairs: [string, string][] = []
    for await (const events of links.events(1)) {
      for (const { bytes } of events) {
        const row = JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>
        pairs.push([row['movieId']!, row['tmdbId']!])
      }
    }
    expect(new Set(pairs.map(([, tmdbId]) => tmdbId)).size).toBe(800)
    expect(pairs.some(([movieId, tmdbId]) => movieId !== tmdbId && titles.has(tmdbId))).toBe(true)
  })

  it('refuses options that cannot be, and unknown names', async () => {
    await expect(openGenerator('movielens', { events: 1e6, users: 10 })).rejects.toThrow('/events')
    await expect(openGenerator('movielens', { seeds: 1 })).rejects.toThrow('/seeds')
    await expect(openGenerator('nothing')).rejects.toMatchObject({ code: 'INGEST_UNKNOWN_SOURCE' })
    await expect(openGenerator('constructor')).rejects.toMatchObject({
      code: 'INGEST_UNKNOWN_SOURCE',
    })
  })
})
