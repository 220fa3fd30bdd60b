/**
 * C6 of the reliability catalogue: a planted truth is learned, then one batch of poison comes and a version is trained with it.
 * What serves afterwards is asked about rows of the truth that no stream ever carried.
 */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { decodeArtifact, loadModel, type Artifact } from '../models/index.ts'
import {
  openFixture,
  RATING,
  ratingRecords,
  type Fixture,
  type RatingEvent,
} from '../../test/fixtures/ratings-lake.ts'
import { trainOn } from '../../test/fixtures/train-on.ts'

/** Rows of the truth that are in no log. */
const reference = ratingRecords(0, 2_000, { seed: 99 }).map(
  ({ value }) => JSON.parse(String(value)) as RatingEvent,
)

async function readArtifact(folder: string): Promise<Artifact> {
  const files = new Map<string, Uint8Array>()
  for (const name of await readdir(folder)) {
    if (name !== 'spill') files.set(name, await readFile(join(folder, name)))
  }
  return decodeArtifact(files)
}

async function referenceError(artifact: Artifact): Promise<number> {
  const fitted = await loadModel(artifact)
  assert.equal(fitted.task, 'regressor')
  const ids = (name: 'userId' | 'movieId') => reference.map((event) => String(event[name]))
  const { value } = fitted.predict({
    matrix: { names: [], rows: reference.length, values: new Float64Array(0) },
    categories: { userId: ids('userId'), movieId: ids('movieId') },
  })
  const squares = reference.map(
    ({ rating }, r) => (Math.min(5, Math.max(0.5, value[r]!)) - rating) ** 2,
  )
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length)
}

function assertFinite({ tensors }: Artifact): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    assert.ok(
      data.every((value) => Number.isFinite(value)),
      `${name} has a number that is not finite`,
    )
  }
}

const everyNth =
  (n: number) =>
  (event: RatingEvent, offset: number): RatingEvent =>
    offset % n === 0 ? { ...event, rating: 5.5 - event.rating } : event

interface Case {
  readonly name: string
  readonly rows?: number
  readonly change: (event: RatingEvent, offset: number) => object
  /** The version must be turned down, not only do no harm. */
  readonly isRejected?: boolean
}

const CASES: readonly Case[] = [
  { name: 'labels turned around, 5 %', change: everyNth(20) },
  { name: 'labels turned around, 10 %', change: everyNth(10) },
  { name: 'labels turned around, 20 %', change: everyNth(5) },
  { name: 'labels turned around, 50 %', change: everyNth(2) },
  { name: 'one label only', change: (event) => ({ ...event, rating: 5 }), isRejected: true },
  {
    name: 'values × 1,000,000',
    change: (event) => ({ ...event, rating: event.rating * 1e6 }),
    isRejected: true,
  },
  { name: 'values of 1e300', change: (event) => ({ ...event, rating: 1e300 }) },
  { name: 'NaN as text', change: (event) => ({ ...event, rating: 'NaN' }) },
  { name: 'no label', change: (event) => ({ ...event, rating: null }) },
  { name: 'subnormal values', change: (event) => ({ ...event, rating: 5e-324 }), isRejected: true },
  {
    name: 'one row 10,000 times',
    rows: 10_000,
    change: (event) => ({ ...event, userId: 1, movieId: 1, rating: 0.5 }),
    isRejected: true,
  },
  {
    name: 'strangers only',
    change: (event, i) => ({ ...event, userId: 1e9 + i, movieId: 1e9 + i }),
  },
]

const CLEAN = 4_500

async function openWorld(poison?: Case): Promise<Fixture> {
  const fixture = await openFixture()
  for (const seed of [1, 2, 3]) await fixture.addBatch(CLEAN / 3, { seed })
  if (poison) await fixture.addBatch(poison.rows ?? 1_500, { seed: 4, change: poison.change })
  return fixture
}

describe('C6: one batch of poison', () => {
  let clean: Fixture
  let live: number
  const folder = (): string => join(clean.dir, 'champion')
  beforeAll(async () => {
    clean = await openWorld()
    const { gate } = await trainOn(clean, RATING, folder())
    assert.equal(gate.passed, true, gate.reason)
    live = await referenceError(await readArtifact(folder()))
  }, 60_000)
  afterAll(() => clean.close())

  for (const poison of CASES) {
    it(`C6: ${poison.name}: what serves does not get worse`, { timeout: 60_000 }, async () => {
      const fixture = await openWorld(poison)
      try {
        const out = join(fixture.dir, 'candidate')
        const trained = await trainOn(fixture, RATING, out, {
          fresh: CLEAN,
          champion: { version: 1, folder: folder() },
        }).catch((error: unknown) => error)
        if (trained instanceof Error) {
          // Nothing was trained, so the champion stays.
          assert.match(String((trained as { code?: unknown }).code), /^(MODEL|TRAINING)_/)
          return
        }
        const { gate } = trained as Awaited<ReturnType<typeof trainOn>>
        const candidate = await readArtifact(out)
        assertFinite(candidate)
        if (poison.isRejected) assert.equal(gate.passed, false, gate.reason)
        if (!gate.passed) assert.match(gate.reason, /\d/)
        const served = gate.passed ? await referenceError(candidate) : live
        assert.ok(served <= live + RATING.gate.margin, `${served} after ${live}: ${gate.reason}`)
      } finally {
        await fixture.close()
      }
    })
  }
})
