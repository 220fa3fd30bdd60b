import { describe, expect, it } from 'vitest'
import type { Generated } from '../generator.ts'
import { openGenerator } from '../open-generator.ts'

interface Event {
  readonly ts: number
  readonly userId: string
  readonly sessionId: number
  readonly itemInSession: number
  readonly page: string
  readonly auth: string
  readonly level: string
  readonly length?: number
  readonly registration?: number
}

async function textsOf({ source }: Generated, from = 1): Promise<string[]> {
  const texts: string[] = []
  for await (const events of source.events(from)) {
    for (const { bytes } of events) texts.push(Buffer.from(bytes).toString())
  }
  return texts
}

describe('sparkify generator', async () => {
  const generated = await openGenerator('sparkify')
  const rows = (await textsOf(generated)).map((text) => JSON.parse(text) as Event)
  const share = (page: string): number =>
    rows.filter((row) => row.page === page).length / rows.length

  it('is in the order of time and has the pages of the genuine log in their shares', () => {
    expect(generated.source.total).toBe(rows.length)
    expect(rows.every((row, i) => i === 0 || rows[i - 1]!.ts <= row.ts)).toBe(true)
    // Published counts of the medium set: 543,705 events.
    for (const [page, count] of [
      ['NextSong', 432_877],
      ['Home', 27_412],
      ['Thumbs Up', 23_826],
      ['Add to Playlist', 12_349],
      ['Roll Advert', 7_773],
      ['Thumbs Down', 4_911],
      ['Downgrade', 3_811],
      ['Help', 3_150],
    ] as const) {
      expect(share(page) / (count / 543_705), page).toBeGreaterThan(0.75)
      expect(share(page) / (count / 543_705), page).toBeLessThan(1.3)
    }
    expect(new Set(rows.map(({ page }) => page)).size).toBe(20)
    const lengths = rows.flatMap(({ length }) => (length === undefined ? [] : [length]))
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
    expect(mean).toBeGreaterThan(235)
    expect(mean).toBeLessThan(260)
  })

  it('lets about 22 of 100 listeners cancel, whose last event that is', () => {
    const cancelled = rows.filter(({ page }) => page === 'Cancellation Confirmation')
    expect(cancelled.length / 448).toBeGreaterThan(0.17)
    expect(cancelled.length / 448).toBeLessThan(0.28)
    const last = new Map(rows.map((row) => [row.userId, row]))
    expect(cancelled.every((row) => last.get(row.userId) === row)).toBe(true)
    expect(cancelled.every(({ auth }) => auth === 'Cancelled')).toBe(true)
  })

  it('has logged-out events without a user, items that count up, and a registration before the log', () => {
    const out = rows.filter(({ auth }) => auth === 'Logged Out')
    expect(out.length).toBeGreaterThan(1_000)
    expect(
      out.every(({ userId, registration }) => userId === '' && registration === undefined),
    ).toBe(true)
    const items = new Map<number, number>()
    const counted = rows.every(({ sessionId, itemInSession }) => {
      const next = (items.get(sessionId) ?? -1) + 1
      items.set(sessionId, itemInSession)
      return itemInSession === next
    })
    expect(counted).toBe(true)
    expect(rows.every(({ registration = 0 }) => registration < 1_538_352_000_000)).toBe(true)
  })

  it('knows the best score: discontent is worth something, and not everything', async () => {
    const { best, facts } = generated.truth
    expect(best['auc']).toBeGreaterThan(0.7)
    expect(best['auc']).toBeLessThan(0.85)
    expect(facts.length).toBeGreaterThan(2)
    // The area is that of many listeners: another seed is near.
    const large = await openGenerator('sparkify', { seed: 3, users: 1_500 })
    expect(Math.abs((large.truth.best['auc'] ?? 0) - 0.775)).toBeLessThan(0.04)
  })

  it('same seed, same bytes, from any position', async () => {
    const options = { seed: 5, users: 12, days: 20 }
    const all = await textsOf(await openGenerator('sparkify', options))
    expect(await textsOf(await openGenerator('sparkify', options), 101)).toEqual(all.slice(100))
    const other = await textsOf(await openGenerator('sparkify', { ...options, seed: 6 }))
    expect(other).not.toEqual(all)
  })
})
