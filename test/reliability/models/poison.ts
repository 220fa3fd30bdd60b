/** What C6 pours into a stream, and how a version is judged by rows of the truth that no stream carried. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeArtifact, loadModel, type Artifact } from '../../../src/models/index.ts'
import {
  openFixture,
  RATING,
  ratingRecords,
  type Fixture,
  type RatingEvent,
} from '../../fixtures/ratings-lake.ts'
import { trainOn } from '../../fixtures/train-on.ts'

/** Rows of the truth that are in no log. */
const reference = ratingRecords(0, 2_000, { seed: 99 }).map(
  ({ value }) => JSON.parse(String(value)) as RatingEvent,
)

export async function readArtifact(folder: string): Promise<Artifact> {
  const files = new Map<string, Uint8Array>()
  for (const name of await readdir(folder)) {
    if (name !== 'spill') files.set(name, await readFile(join(folder, name)))
  }
  return decodeArtifact(files)
}

export async function referenceError(artifact: Artifact): Promise<number> {
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

export function assertFinite({ tensors }: Artifact): void {
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

export interface Poison {
  readonly name: string
  readonly rows?: number
  readonly change: (event: RatingEvent, offset: number) => object
  /** The version must be turned down, not only do no harm. */
  readonly isRejected?: boolean
}

export const POISONS: readonly Poison[] = [
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

/** Rows before the poison. */
export const CLEAN = 4_500

export async function openWorld(seed: number, poison?: Poison): Promise<Fixture> {
  const fixture = await openFixture()
  for (const part of [1, 2, 3]) await fixture.addBatch(CLEAN / 3, { seed: seed + part })
  if (poison)
    await fixture.addBatch(poison.rows ?? 1_500, { seed: seed + 4, change: poison.change })
  return fixture
}

/**
 * Trains on the poison beside a champion that was trained before it. Answers the error that serves afterwards, by the gate's
 * verdict; throws an AssertionError when the verdict is wrong.
 */
export async function errorAfter(
  poison: Poison,
  seed: number,
  champion: { readonly folder: string; readonly error: number },
): Promise<number> {
  const fixture = await openWorld(seed, poison)
  try {
    const out = join(fixture.dir, 'candidate')
    const trained = await trainOn(fixture, RATING, out, {
      fresh: CLEAN,
      champion: { version: 1, folder: champion.folder },
    }).catch((error: unknown) => error)
    if (trained instanceof Error) {
      // Nothing was trained, so the champion stays.
      assert.match(String((trained as { code?: unknown }).code), /^(MODEL|TRAINING)_/)
      return champion.error
    }
    const { gate } = trained as Awaited<ReturnType<typeof trainOn>>
    const candidate = await readArtifact(out)
    assertFinite(candidate)
    if (poison.isRejected) assert.equal(gate.passed, false, gate.reason)
    if (!gate.passed) assert.match(gate.reason, /\d/)
    const served = gate.passed ? await referenceError(candidate) : champion.error
    const most = champion.error + RATING.gate.margin
    assert.ok(served <= most, `${served} after ${champion.error}: ${gate.reason}`)
    return served
  } finally {
    await fixture.close()
  }
}

/** The champion that all poisons of a seed meet. */
export async function trainClean(seed: number) {
  const clean = await openWorld(seed)
  const folder = join(clean.dir, 'champion')
  const { gate } = await trainOn(clean, RATING, folder)
  assert.equal(gate.passed, true, gate.reason)
  return {
    folder,
    error: await referenceError(await readArtifact(folder)),
    close: () => clean.close(),
  }
}
