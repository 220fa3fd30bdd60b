/**
 * Users and movies with planted tastes. The rating of movie i by user u is
 *
 *   r_ui = round( clip( μ + b_u + b_i + p_u · q_i + ε ) )
 *
 * to half stars, or to whole stars for users who began before half stars existed. The spreads below were measured on the
 * genuine ml-latest-small (610 users, 9,724 movies, 100,836 ratings); no row of it is in here.
 */
import type { Random } from '../../../kernels/index.ts'
import { madeUpTitle } from './movielens-titles.ts'

/** μ: chosen so that the mean rating is about 3.50. */
export const GLOBAL_MEAN = 3.45
/** Spread of b_u; shrunk user means of the genuine set have 0.44. */
const USER_BIAS = 0.5
/** Spread of b_i around its trend; 0.38 on the genuine set with the trend in it. */
const MOVIE_BIAS = 0.42
/** Stars per unit of log popularity: people rate good movies more often. */
const POPULARITY_SLOPE = 0.11
/** Spread of p_u · q_i. */
const TASTE = 0.36
/**
 * ε is normal around one of two means: nine ratings in ten a little above the planted score, one in ten, a disappointment,
 * well below it. Its mean is 0 and its spread 0.83; what a bias model leaves on the genuine set is 0.82.
 */
export const NOISE = 0.68
export const NOISE_PARTS: readonly { readonly share: number; readonly shift: number }[] = [
  { share: 0.9, shift: 0.14 },
  { share: 0.1, shift: -1.26 },
]
export const FACTORS = 4
/** Share of a movie's taste vector that its genres explain (variance). */
const GENRE_SHARE = 0.6

/** Movies of the set that the popularity curve was fitted on. */
const FITTED_MOVIES = 9_724
/** Seconds: first and last rating of the genuine set. */
export const FIRST_SECOND = 828_124_615
export const LAST_SECOND = 1_537_799_250
/** February 2003: half stars arrive. */
const HALF_STARS_FROM = 1_045_526_400

/** Label and share of movies that have it. */
const GENRES: readonly (readonly [string, number])[] = [
  ['Drama', 0.45],
  ['Comedy', 0.39],
  ['Thriller', 0.19],
  ['Action', 0.19],
  ['Romance', 0.16],
  ['Adventure', 0.13],
  ['Crime', 0.12],
  ['Sci-Fi', 0.1],
  ['Horror', 0.1],
  ['Fantasy', 0.08],
  ['Children', 0.07],
  ['Animation', 0.06],
  ['Mystery', 0.06],
  ['Documentary', 0.05],
  ['War', 0.04],
  ['Musical', 0.03],
  ['Western', 0.02],
  ['Film-Noir', 0.01],
]

export interface Movies {
  readonly count: number
  readonly ids: Int32Array
  /** In another id space: an external catalogue's. */
  readonly tmdbIds: Int32Array
  readonly years: Int32Array
  readonly titles: readonly string[]
  /** Joined by `|`. */
  readonly genres: readonly string[]
  readonly bias: Float64Array
  /** q, movies × FACTORS, row-major. */
  readonly factors: Float64Array
  /** Running sums of popularity, for drawing. */
  readonly cumulative: Float64Array
}

export interface Users {
  readonly count: number
  readonly bias: Float64Array
  /** p, users × FACTORS, row-major. */
  readonly factors: Float64Array
  /** Second of the first rating. */
  readonly starts: Float64Array
  readonly usesHalves: Uint8Array
}

export function createMovies(count: number, random: Random): Movies {
  const ranks = random.shuffle(Int32Array.from({ length: count }, (_, i) => i + 1))
  const weights = Float64Array.from(ranks, (rank) => popularity((rank * FITTED_MOVIES) / count))
  const cumulative = new Float64Array(count)
  let sum = 0
  let weightedLog = 0
  for (let i = 0; i < count; i++) {
    sum += weights[i]!
    weightedLog += weights[i]! * Math.log(weights[i]!)
    cumulative[i] = sum
  }
  const meanLog = weightedLog / sum
  const years = Int32Array.from({ length: count }, () => releaseYear(random))
  const labels = Array.from({ length: count }, () => drawGenres(random))
  return {
    count,
    ids: sparseIds(count, random),
    tmdbIds: otherIds(count, random),
    years,
    titles: Array.from(years, (year) => madeUpTitle(random, year)),
    genres: labels.map((some) =>
      some.length === 0
        ? '(no genres listed)'
        : some
            .map((genre) => GENRES[genre]![0])
            .toSorted()
            .join('|'),
    ),
    bias: Float64Array.from(
      weights,
      (weight) => POPULARITY_SLOPE * (Math.log(weight) - meanLog) + MOVIE_BIAS * random.gaussian(),
    ),
    factors: movieFactors(labels, random),
    cumulative,
  }
}

export function createUsers(count: number, random: Random): Users {
  const starts = Float64Array.from(
    { length: count },
    () => FIRST_SECOND + Math.floor(random.uniform() * (LAST_SECOND - FIRST_SECOND)),
  )
  starts[0] = FIRST_SECOND
  return {
    count,
    starts,
    bias: Float64Array.from({ length: count }, () => USER_BIAS * random.gaussian()),
    factors: Float64Array.from({ length: count * FACTORS }, () => random.gaussian()),
    usesHalves: Uint8Array.from(starts, (start) => (start >= HALF_STARS_FROM ? 1 : 0)),
  }
}

/** μ + b_u + b_i + p_u · q_i, before noise and rounding. */
export function plantedScore(users: Users, user: number, movies: Movies, movie: number): number {
  let taste = 0
  for (let f = 0; f < FACTORS; f++) {
    taste += users.factors[user * FACTORS + f]! * movies.factors[movie * FACTORS + f]!
  }
  return GLOBAL_MEAN + users.bias[user]! + movies.bias[movie]! + taste
}

/** Ratings by popularity rank fall as a stretched exponential: 329 at rank 1, 112 at 100, 26 at 1,000, 4 at 4,000. */
const popularity = (rank: number): number => Math.exp(-0.179 * rank ** 0.39)

/** Half of the movies are younger than 15 years at the end of the stream. */
const releaseYear = (random: Random): number =>
  Math.max(1920, 2018 - Math.floor(-22 * Math.log(1 - random.uniform())))

function drawGenres(random: Random): number[] {
  if (random.uniform() < 0.0035) return []
  const drawn = GENRES.flatMap(([, share], genre) => (random.uniform() < share ? [genre] : []))
  return drawn.length > 0 ? drawn : [random.int(2)]
}

function movieFactors(labels: readonly (readonly number[])[], random: Random): Float64Array {
  const ofGenre = Float64Array.from({ length: GENRES.length * FACTORS }, () => random.gaussian())
  const scale = TASTE / Math.sqrt(FACTORS)
  return Float64Array.from({ length: labels.length * FACTORS }, (_, at) => {
    const some = labels[Math.floor(at / FACTORS)]!
    const factor = at % FACTORS
    let fromGenres = 0
    for (const genre of some) fromGenres += ofGenre[genre * FACTORS + factor]!
    fromGenres /= Math.sqrt(Math.max(1, some.length))
    const own = random.gaussian()
    return scale * (Math.sqrt(GENRE_SHARE) * fromGenres + Math.sqrt(1 - GENRE_SHARE) * own)
  })
}

/** Ascending with gaps, as of a catalogue that lost entries. */
function sparseIds(count: number, random: Random): Int32Array {
  let id = 0
  return Int32Array.from(
    { length: count },
    () => (id += 1 + random.int(random.uniform() < 0.1 ? 40 : 2)),
  )
}

/** Distinct ids below ten times the count, in no order: many of them are also the id of another movie. */
function otherIds(count: number, random: Random): Int32Array {
  const drawn = new Set<number>()
  while (drawn.size < count) drawn.add(2 + random.int(count * 10))
  return Int32Array.from(drawn)
}
