import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  openFixture,
  RATING,
  ratingRecords,
  SEGMENTS,
  type Fixture,
  type RatingEvent,
  type RatingOptions,
} from '../../test/fixtures/ratings-lake.ts'
import type { ModelSpec } from './model-spec.ts'
import { takeWeight } from './row-weights.ts'
import { isGateRow } from './splits.ts'
import { trainOn } from '../../test/fixtures/train-on.ts'

const ROWS = 1_000
const WEIGHED: ModelSpec = { ...RATING, weight: 'rating' }

describe('weights of rows', () => {
  const fixtures: Fixture[] = []
  afterAll(async () => {
    for (const fixture of fixtures) await fixture.close()
  })

  async function openWith(change?: RatingOptions['change']): Promise<Fixture> {
    const fixture = await openFixture()
    fixtures.push(fixture)
    await fixture.addBatch(ROWS, { seed: 1, ...(change && { change }) })
    return fixture
  }

  interface Stored {
    readonly facts: Readonly<Record<string, unknown>>
  }

  /** The version's own file, and what it says. */
  async function modelOf(fixture: Fixture, spec: ModelSpec): Promise<Stored & { text: string }> {
    const dir = join(fixture.dir, `out-${spec.name}`)
    await trainOn(fixture, spec, dir)
    const text = await readFile(join(dir, 'model.json'), 'utf8')
    return { ...(JSON.parse(text) as Stored), text }
  }

  test('the mean of ratings that count as much as they are high, on paper', async () => {
    const { facts } = await modelOf(await openWith(), { ...WEIGHED, kind: 'mean' })
    const ratings = ratingRecords(0, ROWS, { seed: 1 })
      .filter(({ offset }) => !isGateRow('ratings', 0, offset))
      .map(({ value }) => (JSON.parse(String(value)) as RatingEvent).rating)
    const sum = (of: (rating: number) => number): number =>
      ratings.reduce((total, rating) => total + of(rating), 0)
    expect(facts['mean']).toBeCloseTo(sum((rating) => rating ** 2) / sum((rating) => rating), 10)
  })

  test('a row of weight 0 is as good as not labelled', async () => {
    const fixture = await openWith((event, offset) =>
      offset % 3 === 0 ? { ...event, rating: 0 } : event,
    )
    const weighed = await modelOf(fixture, WEIGHED)
    const labelled = await modelOf(fixture, {
      ...WEIGHED,
      label: 'case when rating > 0 then rating end',
    })
    expect(weighed.text).toBe(labelled.text)
    const plain = await modelOf(fixture, RATING)
    expect(plain.text).not.toBe(weighed.text)
  })

  test('a negative weight ends the training with the place of its row', async () => {
    const row = Array.from({ length: ROWS }, (_, offset) => offset).find(
      (offset) => offset > 100 && !isGateRow('ratings', 0, offset),
    )
    const fixture = await openWith((event, offset) =>
      offset === row ? { ...event, rating: -1 } : event,
    )
    await expect(modelOf(fixture, WEIGHED)).rejects.toMatchObject({
      code: 'TRAINING_INVALID_WEIGHT',
      message: expect.stringMatching(
        new RegExp(`"rating" of the record at partition 0, offset ${row} is -1`),
      ) as unknown,
    })
  })

  test('entities are weighed by a feature, which then is none', async () => {
    const fixture = await openWith()
    const spec = { ...SEGMENTS, weight: 'user_ratings', params: { k: 2 } }
    const weighed = await modelOf(fixture, spec)
    expect(weighed.text).not.toContain('user_ratings')
    expect(weighed.text).toContain('user_mean')
  })
})

test('the column of the weights leaves the others in their order', () => {
  const table = { rows: 2, names: ['a', 'w', 'b'], values: Float64Array.of(1, 2, 3, 4, 5, 6) }
  expect(takeWeight(table, 'w')).toEqual({
    rows: 2,
    names: ['a', 'b'],
    values: Float64Array.of(1, 3, 4, 6),
    weight: Float64Array.of(2, 5),
  })
  expect(takeWeight(table, undefined)).toBe(table)
})
