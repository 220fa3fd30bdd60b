/**
 * What people watch, apart from how they rate it: user and movie meet in a few factors, and a movie of somebody's interest
 * is chosen far more often than another one that is as popular. Without this a stream would hold nothing that a list for
 * one user could know better than a list for all.
 */
import { createRandom } from '../../../kernels/index.ts'

export interface Interests {
  /** How likely user takes a movie that comes by, 0 to 1. */
  taking(user: number, movie: number): number
}

export const INTEREST_FACTORS = 6
/** Share of a movie's interest vector that its genres explain (variance). */
const GENRE_SHARE = 0.5
/**
 * Chosen so that iALS has twice the NDCG@10 of the most popular movies, as on the genuine ml-latest-small (README.md).
 * P(take) is the logistic function of `SLOPE` · interest − `SHIFT`, interest of spread 1.
 */
const SLOPE = 2.2
const SHIFT = 2
/** Own stream of random numbers: everything else is what it would be without interests. */
const SALT = 0x5eed

export function createInterests(
  seed: number,
  users: number,
  /** Joined by `|`, one per movie. */
  genres: readonly string[],
): Interests {
  const random = createRandom(seed ^ SALT)
  const d = INTEREST_FACTORS
  const vector = (): number[] => Array.from({ length: d }, () => random.gaussian())
  const ofGenre = new Map<string, number[]>()
  for (const name of new Set(genres.flatMap((some) => some.split('|')))) ofGenre.set(name, vector())
  const movieFactors = new Float64Array(genres.length * d)
  for (const [movie, some] of genres.entries()) {
    const names = some.split('|')
    const own = vector()
    for (let f = 0; f < d; f++) {
      const sum = names.reduce((total, name) => total + ofGenre.get(name)![f]!, 0)
      const shared = sum / Math.sqrt(names.length)
      movieFactors[movie * d + f] =
        Math.sqrt(GENRE_SHARE) * shared + Math.sqrt(1 - GENRE_SHARE) * own[f]!
    }
  }
  const userFactors = Float64Array.from({ length: users * d }, () => random.gaussian())
  return {
    taking(user, movie) {
      let interest = 0
      for (let f = 0; f < d; f++)
        interest += userFactors[user * d + f]! * movieFactors[movie * d + f]!
      return 1 / (1 + Math.exp(SHIFT - (SLOPE * interest) / Math.sqrt(d)))
    },
  }
}
