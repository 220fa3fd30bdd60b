/** Made-up ratings with a planted truth: who likes what is decided by a bias per user and movie, plus noise. */
import { createRandom } from '../../src/kernels/index.ts'

export interface Rating {
  readonly userId: number
  readonly movieId: number
  readonly rating: number
  readonly timestamp: number
}

export interface RatingOptions {
  readonly seed: number
  readonly from: number
  readonly count: number
  readonly flipped?: boolean
}

/** Timestamps count up with the position, so that event time is offset order. */
export function ratings({ seed, from, count, flipped = false }: RatingOptions): Rating[] {
  const random = createRandom(seed)
  const bias = (id: number, salt: number): number => Math.sin(id * 12.9898 + salt) * 0.9
  return Array.from({ length: count }, (_, index) => {
    const userId = 1 + random.int(60)
    const movieId = 1 + random.int(80)
    const raw = 3.5 + bias(userId, 1) + bias(movieId, 2) + 0.5 * random.gaussian()
    const rounded = Math.min(5, Math.max(0.5, Math.round(raw * 2) / 2))
    const rating = flipped ? 5.5 - rounded : rounded
    return { userId, movieId, rating, timestamp: 1_000_000_000 + (from + index) * 60 }
  })
}

export const toNdjson = (rows: readonly unknown[]): string =>
  `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`

/** Sends rows as one NDJSON body; the answer is that of the events route. */
export async function sendRatings(
  url: string,
  rows: readonly Rating[],
): Promise<{ accepted: number; offsets: { partition: number; first: number; last: number }[] }> {
  const answer = await fetch(`${url}/v1/topics/ratings/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: toNdjson(rows),
  })
  if (answer.status !== 202) throw new Error(`events were refused: ${await answer.text()}`)
  return (await answer.json()) as Awaited<ReturnType<typeof sendRatings>>
}
