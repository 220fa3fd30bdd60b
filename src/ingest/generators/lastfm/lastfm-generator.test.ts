import { describe, expect, test } from 'vitest'
import type { Generated } from '../generator.ts'
import { openGenerator } from '../open-generator.ts'

async function rowsOf({ source }: Generated, from = 1): Promise<string[]> {
  const rows: string[] = []
  for await (const events of source.events(from)) {
    for (const { bytes } of events) rows.push(Buffer.from(bytes).toString())
  }
  return rows
}
interface Listen {
  readonly userID: number
  readonly artistID: number
  readonly weight: number
}

describe('lastfm generator', async () => {
  const generated = await openGenerator('lastfm')
  const rows = await rowsOf(generated)
  const listens = rows.map((row) => JSON.parse(row) as Listen)

  test('as many pairs as the genuine set, sorted by user, each pair once', () => {
    expect(listens).toHaveLength(92_834)
    expect(new Set(listens.map(({ userID }) => userID)).size).toBe(1_892)
    expect(new Set(listens.map(({ userID, artistID }) => `${userID} ${artistID}`)).size).toBe(
      92_834,
    )
    expect(listens.every(({ userID }, at) => at === 0 || userID >= listens[at - 1]!.userID)).toBe(
      true,
    )
  })

  test('a user hears one scene most, and counts are spread as in the genuine set', () => {
    const own = listens.filter(({ userID }) => userID === 2)
    const scenes = new Map<number, number>()
    for (const { artistID } of own)
      scenes.set((artistID - 1) % 12, (scenes.get((artistID - 1) % 12) ?? 0) + 1)
    expect(Math.max(...scenes.values()) / own.length).toBeGreaterThan(0.4)
    const weights = listens.map(({ weight }) => weight).toSorted((a, b) => a - b)
    expect(weights[0]).toBeGreaterThanOrEqual(1)
    expect(weights[weights.length >> 1]).toBeGreaterThan(240)
    expect(weights[weights.length >> 1]).toBeLessThan(280)
  })

  test('the same seed gives the same bytes, from any position', async () => {
    const again = await openGenerator('lastfm', { seed: 1 })
    expect(await rowsOf(again, 90_001)).toEqual(rows.slice(90_000))
    expect(await rowsOf(await openGenerator('lastfm', { seed: 2 }))).not.toEqual(rows)
  })

  test('artists have names, some with a comma', async () => {
    const file = await generated.folder.find('artists.csv')
    const parts: Uint8Array[] = []
    for await (const part of file!.read()) parts.push(part)
    const lines = Buffer.concat(parts).toString().trim().split('\n')
    expect(lines).toHaveLength(6_001)
    expect(lines.some((line) => line.includes('"'))).toBe(true)
  })
})
